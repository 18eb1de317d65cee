// Every change goes to the draft in the store by itself, one region a request, and is kept in this browser until
// it is there: over a lost connection, a reload, a sign-out. Where somebody else changed the same region, the page
// asks. The draft says "saved".
"use strict";

hmiEditor.saving = (root, draft, ask) => {
  const PAUSE_MS = 400; // while one types; what was dragged goes at once
  const RETRY_MS = [1000, 2000, 4000, 8000];
  const send = hmiEditor.asking(root, root.dataset.draft);
  const shelf = `hmi-draft ${root.dataset.person} ${root.dataset.draft}`;
  const status = document.querySelector("[data-saving]");
  const waiting = new Map(); // key → { value, base: what the server had when it was changed }
  const refused = new Set(); // …that wait for somebody to correct them
  let known = new Map(); // key → as the server has it
  let timer = 0;
  let failures = 0;
  let isSending = false;

  const say = (state, text) => {
    status.dataset.saving = state;
    status.querySelector("[data-text]").textContent = text;
  };
  const clock = (date) => date.toLocaleTimeString("en-GB", { timeZone: root.dataset.zone || undefined, hour: "2-digit", minute: "2-digit" });

  // What is not saved yet outlives the page. A full or forbidden storage is said, never silent.
  const keep = () => {
    try {
      if (waiting.size) localStorage.setItem(shelf, JSON.stringify([...waiting]));
      else localStorage.removeItem(shelf);
    } catch {
      say("lost", "This browser keeps nothing: do not close the page before it is saved.");
    }
  };

  const shelved = () => {
    try {
      return new Map(JSON.parse(localStorage.getItem(shelf) ?? "[]"));
    } catch {
      return new Map();
    }
  };

  const put = (key, { value }) => {
    const { revision } = draft.served;
    if (key === hmiEditor.DEFAULT) return send("PUT", "/default", { revision, default: value });
    const path = `/regions/${encodeURIComponent(key)}`;
    return value ? send("PUT", path, { revision, region: value }) : send("DELETE", path, { revision });
  };
  const pump = async () => {
    if (isSending || !draft.served) return;
    const [key, entry] = [...waiting].find(([key]) => !refused.has(key)) ?? [];
    if (!key) return rest();
    isSending = true;
    say("saving", "Saving…");
    const { status: code, answer, at } = await put(key, entry);
    isSending = false;
    if (code === 200) return done(key, entry, answer, at);
    if (code === 409 && answer.draft) return (await meet(answer.draft, answer), pump());
    if (code === 422 || code === 413) {
      draft.find(key, answer.errors ?? [{ field: "polygon", text: answer.error ?? "Too large." }], []);
      refused.add(key);
      return pump();
    }
    const lost = { 0: "no connection.", 401: "signed out – sign in again.", 403: "you may not change regions." }[code];
    const text = `Not saved: ${lost ?? answer.error ?? `the server answered ${code}`} Kept here, will retry.`;
    say("lost", text);
    draft.find(key, [], [{ field: null, text }]);
    clearTimeout(timer);
    timer = setTimeout(pump, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]);
  };

  const done = (key, entry, answer, at) => {
    failures = 0;
    const stored = entry.value && (answer.region ?? answer.default ?? entry.value);
    stored ? known.set(key, stored) : known.delete(key);
    Object.assign(draft.served, { revision: answer.revision, changed: answer.changed, changes: answer.changes ?? draft.served.changes });
    draft.find(key, [], answer.warnings ?? []);
    if (waiting.get(key) === entry) {
      waiting.delete(key);
      if (!hmiEditor.same(stored, draft.get(key))) draft.put(key, stored); // names trimmed, corners dropped
    } else if (waiting.has(key)) waiting.get(key).base = stored;
    keep();
    if (!waiting.size) say("saved", `Saved ${clock(at)}`);
    draft.dispatchEvent(new CustomEvent("saved"));
    pump();
  };

  const rest = () => {
    const names = [...refused].map((key) => draft.get(key)?.region_id ?? "Default rule");
    if (names.length) say("wrong", `Not saved: ${names.join(", ")} – correct what is marked.`);
  };

  // The server's draft as it now is, against what waits here. The same place changed on both sides is for people.
  const meet = async (served, { text = "", difference = [] } = {}) => {
    isSending = true; // nothing goes out before people have chosen
    const theirs = new Map([[hmiEditor.DEFAULT, served.default], ...served.regions.map((region) => [region.key, region])]);
    const others = [...known.keys(), ...theirs.keys()].some((key) => !waiting.has(key) && !hmiEditor.same(known.get(key), theirs.get(key)));
    known = theirs;
    draft.take(served, waiting);
    if (others && text) hmiKeys.tell(difference.join(" ") || text);
    for (const [key, entry] of [...waiting]) {
      const their = theirs.get(key) ?? null;
      if (hmiEditor.same(their, entry.value)) waiting.delete(key);
      else if (!hmiEditor.same(their, entry.base) && (await ask(key, entry.value, their, difference)) === "theirs") {
        waiting.delete(key);
        refused.delete(key);
        draft.put(key, their);
        draft.find(key, [], []);
      } else waiting.set(key, { ...waiting.get(key), base: their });
    }
    isSending = false;
    keep();
    if (!waiting.size) say("saved", served.at ? `Saved ${served.at}` : "No changes");
    draft.dispatchEvent(new CustomEvent("saved")); // what is seen is the store's again, or waits for its turn
  };
  draft.addEventListener("change", ({ detail: key }) => {
    const value = draft.get(key);
    if (hmiEditor.same(value, known.get(key)) && !waiting.has(key)) return;
    waiting.set(key, { value, base: waiting.has(key) ? waiting.get(key).base : (known.get(key) ?? null) });
    refused.delete(key);
    keep();
    if (!failures) say("saving", "Saving…");
    clearTimeout(timer);
    timer = setTimeout(pump, draft.step ? PAUSE_MS : 0);
  });
  addEventListener("online", () => waiting.size && pump());

  const load = async () => {
    isSending = true; // an answer of before must not take back what is saved meanwhile
    const { status: code, answer } = await send("GET");
    if (code !== 200) {
      isSending = false;
      say("lost", code === 401 ? "Signed out." : "The draft could not be read. Trying again…");
      return setTimeout(load, RETRY_MS[1]);
    }
    const kept = shelved();
    for (const [key, entry] of kept) (waiting.set(key, entry), draft.put(key, entry.value));
    await meet(answer);
    if (waiting.size) say("saving", `${waiting.size} changes of before are taken up again…`);
    pump();
  };
  return { load, send, meet, isQuiet: () => !waiting.size && !isSending, isWrong: () => refused.size > 0, why: () => status.textContent.trim() };
};
