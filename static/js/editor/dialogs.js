// What needs a word with people: publish, discard, copy, import, and a region that somebody else changed, too.
"use strict";

hmiEditor.dialogs = (root, draft) => {
  const dialog = (name) => document.querySelector(`dialog[data-dialog="${name}"]`);
  const sentence = (text) => Object.assign(document.createElement("li"), { textContent: text });
  const wrong = (box, text) => {
    const place = box.querySelector("[data-refused]");
    place.textContent = text;
    place.hidden = !text;
  };
  const open = (name) => {
    const box = dialog(name);
    wrong(box, "");
    box.querySelector("form").reset();
    box.querySelector("[data-changes]")?.replaceChildren(...(draft.served.changes ?? []).map(sentence));
    document.querySelector(".menu").open = false;
    box.showModal();
  };
  const words = (region) => {
    if (!region) return ["deleted"];
    const shown = Object.entries(region).filter(([name, value]) => value !== null && !["key", "polygon"].includes(name));
    return [...shown.map(([name, value]) => `${name.replaceAll("_", " ")}: ${value}`), ...(region.polygon ? [`${region.polygon.length} corners`] : [])];
  };

  // Both changed one region: shown side by side in what differs, and one of them is chosen.
  const ask = (key, mine, theirs, difference) =>
    new Promise((resolve) => {
      const box = dialog("conflict");
      const [ours, others] = [words(mine), words(theirs)];
      hmiEditor.fill(box, { name: (mine ?? theirs)?.region_id ?? "Default rule" });
      box.querySelector("[data-difference]").replaceChildren(...difference.map(sentence));
      const moved = mine && theirs && JSON.stringify(mine.polygon) !== JSON.stringify(theirs.polygon);
      for (const [name, all, rest] of [["mine", ours, others], ["theirs", others, ours]]) {
        const differing = all.filter((word) => !rest.includes(word));
        box.querySelector(`[data-side=${name}]`).replaceChildren(...[...differing, ...(moved ? ["another outline"] : [])].map(sentence));
      }
      box.returnValue = "";
      box.onclose = () => (box.returnValue ? resolve(box.returnValue) : box.showModal());
      box.showModal();
    });

  const refusal = ({ errors = [], text, error }) => {
    const named = errors.map(({ region_id, text: said }) => [region_id, said].filter(Boolean).join(": "));
    return named.join(" ") || text || error || "No answer came, so it is not known whether it was done. Reload the page: it shows what stands.";
  };

  // What the file does at each camera that it names, or why it cannot be taken there.
  const told = (box, cameras) => {
    const rows = cameras.map(({ title, changes, refused }) => {
      const row = sentence(`${title}: ${refused.length ? `cannot be taken: ${refused.join("; ")}` : changes.join("; ") || "nothing differs"}`);
      row.className = refused.length ? "wrong" : "";
      return row;
    });
    box.querySelector("[data-cameras]").replaceChildren(...rows);
  };

  const bind = ({ send, meet, isQuiet, isWrong, why }) => {
    const ofPlant = hmiEditor.asking(root, "/regions/import");
    let looked = null; // the file, and camera → revision of the draft that it was looked at with

    const acted = async (box, asking, path, body, then) => {
      if (!isQuiet()) return wrong(box, isWrong() ? why() : `Wait until everything is saved. ${why()}`);
      const { status, answer } = await asking("POST", path, body);
      if (answer.draft) await meet(answer.draft);
      if (status !== 200) return wrong(box, refusal(answer));
      box.close();
      then(answer);
    };
    const ours = (box, path, body, then) => acted(box, send, path, { revision: draft.served.revision, ...body }, then);

    const look = async (box, [file]) => {
      looked = null;
      wrong(box, "");
      told(box, []);
      if (!file) return;
      const asked = { camera: draft.served.camera, document: await file.text() };
      const { status, answer } = await ofPlant("POST", "/look", asked);
      if (status !== 200) return wrong(box, refusal(answer));
      told(box, answer.cameras);
      const fit = answer.cameras.filter(({ refused }) => !refused.length);
      looked = { ...asked, revisions: Object.fromEntries(fit.map(({ camera, revision }) => [camera, revision])) };
    };

    const acts = {
      publish: (box) => ours(box, "/publish", { reason: box.querySelector("textarea").value }, ({ version, text }) => {
        hmiKeys.tell(text ?? `Published as v${version}.`);
        location.reload();
      }),
      discard: (box) => ours(box, "/discard", {}, () => draft.forget()),
      copy: (box) => {
        const [way, camera, part] = ["way", "camera", "part"].map((name) => box.querySelector(`[name=${name}]`).value);
        const also = part && { part_number: part };
        if (way === "from") return ours(box, "/copy", { from: { camera }, ...also }, () => draft.forget());
        const key = way === "one" && { key: draft.selected ?? "" };
        return ours(box, "/copy-to", { to: camera, ...key, ...also }, ({ text }) => hmiKeys.tell(text));
      },
      import: (box) => {
        if (!looked) return wrong(box, "Choose a file of regions.");
        return acted(box, ofPlant, "", looked, ({ cameras }) => {
          const names = (of) => cameras.filter(of).map(({ title }) => title).join(", ");
          const [taken, not] = [names(({ refused, changes }) => !refused.length && changes.length), names(({ refused }) => refused.length)];
          draft.forget();
          hmiKeys.tell(`${taken ? `Taken into the drafts of: ${taken}` : "Nothing differs: no draft was changed"}.${not ? ` Not at: ${not}.` : ""}`);
        });
      },
    };
    const file = dialog("import").querySelector("input");
    for (const name of ["change", "reset"]) file.form.addEventListener(name, () => setTimeout(() => look(dialog("import"), file.files)));

    document.addEventListener("click", ({ target }) => {
      const opener = target.closest("[data-opens]");
      if (opener?.dataset.opens === "publish" && isWrong()) hmiKeys.tell(why());
      else if (opener && draft.served) open(opener.dataset.opens);
      if (target.closest("[data-closes]")) target.closest("dialog").close();
    });
    for (const [name, act] of Object.entries(acts)) {
      dialog(name).querySelector("form").addEventListener("submit", (event) => {
        event.preventDefault();
        act(dialog(name));
      });
    }
  };
  return { ask, bind };
};
