// Says when the stream is lost, marks what arrives after the page was first shown, leads to the login when it is over,
// and sends the forms that change something without leaving the page, but none that moved up under a second press.
(() => {
  const SILENT_MS = 25000; // the server sends a beat every 10 s
  const SAID_MS = 8000;
  const MOVED_MS = 400;
  const lost = document.getElementById("lost");
  const said = document.getElementById("said");
  const live = document.querySelector("[data-live]");
  const token = JSON.parse(document.body.getAttribute("hx-headers:inherited"));
  let timer = 0;
  let saying = 0;

  const show = (isLost) => {
    lost.hidden = !isLost;
    document.body.classList.toggle("stale", isLost);
  };
  const heard = () => {
    show(false);
    clearTimeout(timer);
    timer = setTimeout(() => show(!document.hidden), SILENT_MS);
  };
  const say = (text, undo) => {
    said.replaceChildren(text, ...(undo ? [undo] : []));
    clearTimeout(saying);
    saying = setTimeout(unsay, SAID_MS);
  };
  // what is said below an open dialog nobody sees
  const refuse = (form, text) => {
    const trouble = form.querySelector(".trouble");
    if (!trouble) return say(text);
    trouble.textContent = text;
    trouble.hidden = false;
  };
  const unsay = () => {
    if (said.matches(":hover, :focus-within")) saying = setTimeout(unsay, SAID_MS);
    else said.replaceChildren();
  };
  // what was just said of an item, and the form that takes it back
  const undoOf = ({ undo, fields }) => {
    const form = document.createElement("form");
    form.dataset.act = "";
    form.setAttribute("action", undo);
    for (const [name, value] of fields) form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    const button = Object.assign(document.createElement("button"), { textContent: "Undo" });
    button.dataset.key = "u";
    const key = Object.assign(document.createElement("kbd"), { textContent: "u" });
    button.append(" ", key);
    form.append(button);
    return form;
  };

  // how long sessions go on, by the server's clock
  const ahead = Date.now() - Date.parse(document.body.dataset.now);
  const tick = () => {
    for (const time of document.querySelectorAll("time[data-since]")) {
      const minutes = Math.max(0, Math.floor((Date.now() - ahead - Date.parse(time.dataset.since)) / 60000));
      if (minutes < 1 || minutes >= 1440) continue;
      const words = minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
      if (time.textContent !== words) time.textContent = words;
    }
  };
  setInterval(tick, 15000);

  if (live) {
    live.addEventListener("htmx:sse:after:message", () => {
      heard();
      tick();
      requestAnimationFrame(() => document.body.classList.add("moving"));
    });
    live.addEventListener("htmx:sse:after:connection", heard);
    for (const name of ["htmx:sse:error", "htmx:sse:close"]) live.addEventListener(name, () => show(true));
    live.addEventListener("over", () => location.reload()); // the server answers with the login
    live.addEventListener("htmx:sse:error", (event) => {
      if (event.detail.status === 401 || event.detail.status === 404) location.reload();
    });
    live.addEventListener("htmx:sse:before:connection", (event) => show(event.detail.connection.attempt > 1));
  }

  // calls for help: a count in the title; a sound and a notification for who has asked for them
  const calling = document.getElementById("calling");
  const bell = document.getElementById("bell");
  const title = document.title;
  let calls = Number(calling?.textContent);
  const ring = () => {
    const sound = new AudioContext();
    for (const [at, pitch] of [[0, 880], [0.2, 660]]) {
      const tone = sound.createOscillator();
      const loud = new GainNode(sound, { gain: 0.2 });
      tone.frequency.value = pitch;
      tone.connect(loud).connect(sound.destination);
      tone.start(sound.currentTime + at);
      tone.stop(sound.currentTime + at + 0.18);
    }
    setTimeout(() => sound.close(), 1000);
  };
  const alarm = () => {
    if (bell.getAttribute("aria-pressed") !== "true") return;
    ring();
    if (document.hidden && window.Notification?.permission === "granted") new Notification("A shopper asks for help", { tag: "help", icon: "/static/icon.svg" });
  };
  const count = () => {
    const now = Number(calling.textContent);
    document.title = now ? `(${now}) ${title}` : title;
    if (now > calls) alarm();
    calls = now;
  };
  if (calling && live) {
    bell.hidden = false;
    bell.setAttribute("aria-pressed", localStorage.getItem("alerts") === "on");
    bell.addEventListener("click", async () => {
      const on = bell.getAttribute("aria-pressed") !== "true";
      bell.setAttribute("aria-pressed", on);
      localStorage.setItem("alerts", on ? "on" : "off");
      if (!on) return;
      ring();
      if (window.Notification?.permission === "default") await Notification.requestPermission();
    });
    new MutationObserver(count).observe(calling, { childList: true, characterData: true, subtree: true });
    count();
  }

  // what has just moved up under the finger is not pressed: that was meant for what stood there before
  const order = () => [...document.querySelectorAll("[data-doubt]")].map((doubt) => doubt.id);
  let before = order();
  let movedAt = -Infinity;
  document.addEventListener("htmx:sse:after:message", () => {
    const now = order();
    if (before.some((id, at) => now[at] !== id)) movedAt = performance.now();
    before = now;
  });
  document.addEventListener("click", (event) => {
    const isByKey = event.detail === 0;
    if (isByKey || !event.target.closest("[data-doubt]") || performance.now() - movedAt > MOVED_MS) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-act]")) return;
    event.preventDefault();
    const button = event.submitter;
    if (button?.getAttribute("aria-busy") === "true") return;
    button?.setAttribute("aria-busy", "true");
    try {
      const body = new URLSearchParams(new FormData(form, button));
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body, headers: { ...token, "HX-Request": "true" } });
      if (answer.status === 401 || answer.status === 403) location.reload(); // signed out, or the page is too old
      else if (!answer.ok) refuse(form, await answer.text());
      else {
        form.closest("dialog")?.close();
        if (said.contains(form)) say("Taken back.");
        else if (answer.status === 200) {
          const done = await answer.json();
          say(`${done.said}.`, undoOf(done));
        }
      }
    } catch {
      refuse(form, "The server does not answer: try again in a moment.");
    } finally {
      button?.removeAttribute("aria-busy");
    }
  });
})();
