// "If this were live": after every saved change the server judges the last parts with the draft. Older numbers stay
// until the new ones are there, and say that they are older; an older question is given up by asking a newer one.
"use strict";

hmiEditor.whatIf = (root, draft, send, { isQuiet, load }) => {
  const [SOON_MS, LOOK_MS] = [40, 120];
  const SLOW_MS = 500;
  const { count, fill, filled } = hmiEditor;
  const choice = root.querySelector("[data-span]");
  const since = root.querySelector("[data-since-date]");
  const progress = root.querySelector("progress");
  let [asked, timer] = [0, 0]; // only the newest answer counts

  const of = ({ total }, caught) => `${count(caught)} of ${count(total)}`;
  const word = (verdict) => ({ fail: "✕", review: "!", pass: "✓", accepted: "✓" })[verdict] ?? verdict;
  const changedPart = ({ serial, image, picture, from, to, scrapped_by_people: isScrapped }) => {
    const row = filled("changed", { serial, from: `${word(from)} ${from}`, to: `${word(to)} ${to}`, picture, place: `/images/${image}` });
    row.dataset.to = to;
    row.querySelector("[data-scrapped]").hidden = !isScrapped;
    if (!picture) row.querySelector("img").remove();
    return row;
  };

  // Two bars a day: as it was, and as the draft would have it.
  const day = (most) => ({ day: date, parts, fail_now, fail_draft }) => {
    const share = (fails) => (parts ? fails / parts : 0);
    const row = filled("day", { day: date, parts: count(parts), now: `${(100 * share(fail_now)).toFixed(1)} %`, then: `${(100 * share(fail_draft)).toFixed(1)} %` });
    for (const [bar, fails] of [["now", fail_now], ["then", fail_draft]]) row.querySelector(`[data-bar=${bar}]`).setAttribute("width", (100 * share(fails)) / (most || 1));
    return row;
  };
  // What fails with the draft, what it frees, and the rest, as shares of all parts.
  const share = (fails, freed, parts) => {
    let left = 0;
    for (const [name, some] of Object.entries({ fails, freed, rest: parts - fails - freed })) {
      const bar = root.querySelector(`[data-share=${name}]`);
      for (const [side, length] of [["x", left], ["width", some]]) bar.setAttribute(side, (100 * length) / (parts || 1));
      fill(root, { [name]: count(some) });
      left += some;
    }
  };
  const show = (result) => {
    const { now, draft: then, scrapped, okayed, days, released, changed } = result;
    fill(root, { parts: `${count(result.parts)} ${result.parts === 1 ? "part" : "parts"}`, changed: count(result.changed_count) });
    for (const name of ["fail", "review"]) fill(root, { [`${name}-now`]: count(now[name] ?? 0), [`${name}-then`]: count(then[name] ?? 0) });
    fill(root, { "caught-now": of(scrapped, scrapped.caught_now), "caught-then": of(scrapped, scrapped.caught_draft) });
    fill(root, { "spared-now": of(okayed, okayed.spared_now), "spared-then": of(okayed, okayed.spared_draft) });
    share(then.fail ?? 0, result.no_longer, result.parts);
    const loud = root.querySelector("[data-released]");
    loud.classList.toggle("is-loud", released.length > 0);
    const named = released.slice(0, 3).join(", ") + (released.length > 3 ? ` and ${count(released.length - 3)} more` : "");
    const none = scrapped.total ? "No scrapped part would pass." : "People scrapped none of these parts.";
    fill(loud, { released: released.length ? `${count(released.length)} scrapped ${released.length === 1 ? "part" : "parts"} would now pass: ${named}` : none });
    root.querySelector("[data-changed]").replaceChildren(...changed.map(changedPart));
    const most = Math.max(...days.map(({ parts, fail_now, fail_draft }) => Math.max(fail_now, fail_draft) / (parts || 1)), 0);
    root.querySelector("[data-days]").replaceChildren(...days.map(day(most)));
  };

  const say = (state, text = "") => {
    root.dataset.whatIf = state;
    root.setAttribute("aria-busy", String(state === "running"));
    fill(root, { state: text });
    if (state !== "running") progress.hidden = true;
  };
  const ask = async () => {
    const mine = (asked += 1);
    const began = performance.now();
    const isMine = () => mine === asked;
    say("running", "Judging…");
    const isSpan = choice.value !== "since";
    const wanted = isSpan ? { parts: Number(choice.value) } : { since: `${since.value}T00:00` };
    let { status, answer } = await send("POST", "", { ...wanted, revision: draft.served.revision });
    if (!isMine()) return;
    if (status === 202 && answer.revision !== draft.served.revision) return load(); // somebody else's change comes in first
    const address = `/${answer.number}`;
    while (isMine() && status < 300 && (answer.state ?? "running") === "running") {
      const isSlow = performance.now() - began > SLOW_MS;
      progress.hidden = !isSlow;
      Object.assign(progress, { max: answer.total || 1, value: answer.done ?? 0 });
      if (isSlow) say("running", `Judging ${count(answer.done ?? 0)} of ${count(answer.total ?? 0)} parts…`);
      await new Promise((resolve) => setTimeout(resolve, isSlow ? LOOK_MS : SOON_MS));
      ({ status, answer } = await send("GET", address));
    }
    if (!isMine()) return;
    const isLost = status === 0 || status >= 500;
    if (isLost) timer = setTimeout(ask, 3000);
    if (isLost || status >= 300) return say("failed", answer.errors?.[0]?.text ?? `Not known: no answer.${isLost ? " Trying again…" : ""}`);
    if (answer.state !== "ready") return say("failed", answer.text ?? "Not known: it was given up.");
    show(answer.result);
    say("ready");
  };

  // Numbers of an older draft are said to be older from the first touch of a newer one.
  const start = () => {
    clearTimeout(timer);
    if (isQuiet()) return ask();
    asked += 1;
    say("older", "Of the draft before this change.");
  };
  draft.addEventListener("change", () => !isQuiet() && start());
  draft.addEventListener("saved", start);
  root.addEventListener("change", () => {
    since.hidden = choice.value !== "since";
    if (since.hidden || since.value) start();
  });
  return { start, parts: () => (choice.value === "since" ? 500 : Number(choice.value)) };
};
