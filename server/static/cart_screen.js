// Scan and Find on the cart's screen: the cart's camera, the tablet's own where the browser reads codes, the keys of a
// scanner, and names as they are typed. Everything that is found comes as HTML from the server; the camera's picture stays here.
(() => {
  const FORMATS = ["ean_13", "ean_8", "upc_a", "upc_e", "qr_code", "data_matrix"];
  const LOOK_MS = 150;
  const AGAIN_MS = 3000; // the same code, still before the camera after it was not known
  const TYPED_MS = 120;
  const CART_MS = 500;
  const token = JSON.parse(document.body.getAttribute("hx-headers:inherited"));
  const dialog = document.getElementById("add");
  const named = document.getElementById("named");
  const number = document.getElementById("scan-number");
  const words = document.getElementById("find-words");
  const view = document.getElementById("scan-view");
  const says = document.getElementById("scan-says");
  const place = dialog.dataset.place;
  let asked = 0;
  let typing = 0;
  let stream = null;

  const mode = () => dialog.dataset.mode;
  const card = () => named.querySelector("[data-card]");

  // --- what the server says of a number, of words, or of a product ---
  const tell = (text) => {
    const mark = Object.assign(document.createElement("p"), { className: "mark bad", textContent: text });
    mark.setAttribute("role", "alert");
    named.replaceChildren(mark);
  };
  const show = async (address) => {
    clearTimeout(typing);
    const mine = ++asked;
    try {
      const answer = await fetch(address, { headers: { "HX-Request": "true" } });
      const text = await answer.text();
      if (mine !== asked) return;
      if (answer.status === 401) location.reload(); // no longer paired
      else if (answer.ok) named.innerHTML = text;
      else tell(text);
    } catch {
      if (mine === asked) tell("The server does not answer: try again in a moment.");
    }
    if (mine !== asked) return;
    named.querySelector("[data-first]")?.focus();
    if (!card()) number.select();
  };
  const ask = (what, fields) => show(`${place}/${what}?${new URLSearchParams(fields)}`);
  const clear = () => {
    clearTimeout(typing);
    asked++;
    named.replaceChildren();
  };

  // --- the tablet's camera ---
  const whyNot = () => {
    if (!window.isSecureContext) return "The tablet's camera needs a secure address (https): type the number instead.";
    if (!("BarcodeDetector" in window)) return "This browser cannot read codes by its camera: type the number instead.";
    return "";
  };
  const stop = () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    view.srcObject = null;
    dialog.classList.remove("sees");
  };
  const look = async (detector, mine) => {
    let last = "";
    let until = 0;
    while (stream === mine) {
      await new Promise((done) => setTimeout(done, LOOK_MS));
      if (stream !== mine || card() || view.readyState < 2) continue;
      const found = await detector.detect(view).catch(() => []);
      const code = found[0]?.rawValue;
      if (!code || stream !== mine || (code === last && performance.now() < until)) continue;
      [last, until] = [code, performance.now() + AGAIN_MS];
      number.value = code;
      navigator.vibrate?.(60);
      await ask("scan", { number: code });
    }
  };
  const watch = async () => {
    says.textContent = whyNot();
    if (says.textContent || stream) return;
    try {
      const formats = (await BarcodeDetector.getSupportedFormats()).filter((format) => FORMATS.includes(format));
      const detector = new BarcodeDetector({ formats });
      const taken = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
      });
      if (stream || !dialog.open || mode() !== "scan") return taken.getTracks().forEach((track) => track.stop());
      stream = taken;
      view.srcObject = taken;
      await view.play();
      dialog.classList.add("sees");
      look(detector, taken);
    } catch (error) {
      stop();
      says.textContent = error.name === "NotAllowedError"
        ? "The tablet's camera may not be used: allow it in the browser, or type the number."
        : "The tablet's camera cannot be used: type the number instead.";
    }
  };

  // --- the cart's camera: it looks for a code as long as this page goes on asking ---
  let cartTurn = 0;
  const watchCart = async () => {
    const mine = ++cartTurn;
    let scan = "";
    const isMine = () => mine === cartTurn && dialog.open && mode() === "scan";
    while (isMine()) {
      if (!card()) {
        const body = new URLSearchParams({ scan });
        const answer = await fetch(`${place}/camera`, { method: "POST", body, headers: token }).catch(() => null);
        const told = answer?.ok ? await answer.json().catch(() => ({})) : {};
        if (!isMine()) return;
        scan = told.scan ?? "";
        if (told.text && !card()) {
          scan = "";
          number.value = told.text;
          navigator.vibrate?.(60);
          await ask("scan", { number: told.text });
        }
      }
      await new Promise((done) => setTimeout(done, CART_MS));
    }
  };

  // --- opening, the two ways, closing ---
  const turn = (way) => {
    clear();
    dialog.dataset.mode = way;
    for (const button of dialog.querySelectorAll("[data-way]")) button.setAttribute("aria-pressed", button.dataset.way === way);
    number.value = words.value = "";
    if (way === "scan") watch(), watchCart();
    else stop();
    const hasKeys = matchMedia("(hover: hover)").matches; // else a keyboard would come up over the camera's picture
    if (way === "find") words.focus();
    else if (hasKeys) number.focus();
    else dialog.querySelector("[data-way=scan]").focus();
  };
  const open = (way) => {
    if (!dialog.open) dialog.showModal();
    turn(way);
  };
  const back = () => {
    clear();
    (mode() === "find" ? words : number).focus();
  };
  dialog.addEventListener("close", () => {
    stop();
    clear();
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-add], [data-way], [data-show], [data-back], [data-step], [data-close]");
    if (!button) return;
    const { add, way, step } = button.dataset;
    if (add) open(add);
    else if (way) turn(way);
    else if (button.dataset.show) show(button.dataset.show);
    else if ("back" in button.dataset) back();
    else if ("close" in button.dataset) dialog.close();
    else {
      const field = button.parentElement.querySelector("input");
      field.value = Math.min(field.max, Math.max(field.min, (parseInt(field.value, 10) || 0) + Number(step)));
    }
  });
  dialog.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-ask]")) return;
    event.preventDefault();
    if (event.target.dataset.ask === "scan") ask("scan", { number: number.value });
    else if (words.value.trim()) ask("find", { q: words.value, enter: "1" });
  });
  words.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => ask("find", { q: words.value }), TYPED_MS);
  });

  // --- keys: arrows through what was found, and a scanner's digits wherever the focus is ---
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const isTyping = event.target.matches("input, textarea, select");
    if (/^[0-9]$/.test(event.key) && !isTyping && document.querySelector("[data-add]")) {
      if (!dialog.open || mode() !== "scan") open("scan");
      clear();
      number.value = "";
      number.focus(); // and the digit goes there
    } else if (dialog.open && ["ArrowDown", "ArrowUp"].includes(event.key) && event.target.type !== "number") {
      const found = [...named.querySelectorAll("button")];
      const at = found.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
      (found[at] ?? (mode() === "find" ? words : number)).focus();
      event.preventDefault();
    }
  });
})();
