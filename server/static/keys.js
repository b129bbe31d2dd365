// For the people of the store: the two dialogs, and keys for everything. The keys are told by "?".
(() => {
  const PLACES = { c: "/", q: "/queue", n: "/numbers" };
  const shortcuts = document.getElementById("shortcuts");
  const find = document.getElementById("find");
  const change = document.getElementById("change");
  const keysOn = document.getElementById("keys-on");
  keysOn.checked = localStorage.getItem("keys") !== "off";
  keysOn.addEventListener("change", () => localStorage.setItem("keys", keysOn.checked ? "on" : "off"));

  const hide = (place, values) => {
    place.replaceChildren(...values.map(([name, value]) => {
      const input = document.createElement("input");
      Object.assign(input, { type: "hidden", name, value });
      return input;
    }));
  };

  // --- the dialogs ---
  const openFind = ({ dataset }) => {
    const form = find.querySelector("form");
    const sources = dataset.sources ? dataset.sources.split(" ") : [];
    const isLine = dataset.place.endsWith("/line");
    form.reset();
    form.setAttribute("action", dataset.place); // not the field of that name
    hide(document.getElementById("find-hidden"), [
      ["session", dataset.session], ...sources.map((source) => [isLine ? "source" : "corrects", source]),
    ]);
    document.getElementById("find-title").textContent = dataset.title ? `What was it instead of “${dataset.title}”?` : "Add an item";
    form.elements.quantity.value = dataset.quantity;
    form.querySelector(".pick").hidden = isLine || !sources.length;
    document.getElementById("find-quantity").hidden = isLine;
    document.getElementById("find-none").hidden = isLine || !sources.length;
    if ("out" in dataset) form.querySelector("[value=removed]").checked = true;
    answer.replaceChildren();
    entered = false;
    find.showModal();
    words.focus();
  };
  const openChange = ({ dataset }) => {
    const form = change.querySelector("form");
    form.setAttribute("action", dataset.place); // not the field of that name
    hide(document.getElementById("change-hidden"), [
      ["session", dataset.session], ["source", dataset.source], ["label", dataset.label], ["had", dataset.had],
    ]);
    document.getElementById("change-title").textContent = dataset.title;
    const field = form.querySelector("input[type=number]");
    field.value = dataset.had;
    change.showModal();
    field.select();
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-find], [data-change], [data-close]");
    if (!button) return;
    if ("close" in button.dataset) button.closest("dialog").close();
    else if ("find" in button.dataset) openFind(button);
    else openChange(button);
  });
  // Enter in the search takes the first that was found, of these very words: who scans a code is quicker than the answer
  const words = document.getElementById("find-words");
  const answer = document.getElementById("found");
  let entered = false;
  const take = () => {
    if (!entered || answer?.querySelector("[data-words]")?.dataset.words !== words.value) return;
    entered = false;
    answer.querySelector("button")?.click();
  };
  words?.addEventListener("input", () => { entered = false; });
  if (answer) new MutationObserver(take).observe(answer, { childList: true });
  find?.addEventListener("keydown", (event) => {
    const found = [...answer.querySelectorAll("button")];
    if (event.key === "Enter" && event.target === words) {
      event.preventDefault();
      entered = true;
      take();
    } else if (["ArrowDown", "ArrowUp"].includes(event.key) && event.target.type !== "radio" && event.target.type !== "number") {
      event.preventDefault();
      const at = found.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
      (found[at] ?? words).focus();
    }
  });

  // --- what is settled goes away under the focus: the next one gets it ---
  const doubts = () => [...document.querySelectorAll("[data-doubt]")];
  let current = 0;
  let held = false;
  document.addEventListener("focusin", (event) => {
    const at = doubts().indexOf(event.target.closest("[data-doubt]"));
    held = at >= 0;
    if (held) current = at;
  });
  document.addEventListener("htmx:sse:after:message", () => {
    if (!held || document.activeElement !== document.body) return;
    doubts()[Math.min(current, doubts().length - 1)]?.focus();
  });

  // --- the keys ---
  const active = () => document.activeElement.closest("[data-doubt]") ?? doubts()[0];
  const step = (by) => {
    const all = doubts();
    const here = all.indexOf(document.activeElement.closest("[data-doubt]"));
    const next = all[here < 0 ? 0 : Math.max(0, Math.min(all.length - 1, here + by))];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  // a closed dialog's field may keep the focus until the next frame
  const isTyping = (place) => place.closest("input, select, textarea, dialog") && !place.closest("dialog:not([open])");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (isTyping(event.target) || (!keysOn.checked && event.key !== "?")) return;
    const key = event.key;
    const button = active()?.querySelector(`[data-key="${CSS.escape(key)}"]`) ?? document.querySelector(`[data-key="${CSS.escape(key)}"]:not([data-doubt] *)`);
    if (key === "?") shortcuts.showModal();
    else if (key === "j") step(1);
    else if (key === "k") step(-1);
    else if (PLACES[key]) location.href = PLACES[key];
    else if (button && "sau".includes(key)) button.click();
    else if (button) button.focus();
    else return;
    event.preventDefault();
  });
})();
