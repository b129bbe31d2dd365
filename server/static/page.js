// Says when the stream is lost, marks what arrives after the page was first shown, and leads to the login when it is over.
(() => {
  const SILENT_MS = 25000; // the server sends a beat every 10 s
  const lost = document.getElementById("lost");
  const carts = document.getElementById("carts");
  let timer = 0;

  const show = (isLost) => {
    lost.hidden = !isLost;
    document.body.classList.toggle("stale", isLost);
  };
  const heard = () => {
    show(false);
    clearTimeout(timer);
    timer = setTimeout(() => show(!document.hidden), SILENT_MS);
  };

  carts.addEventListener("htmx:sse:after:message", () => {
    heard();
    requestAnimationFrame(() => document.body.classList.add("moving"));
  });
  carts.addEventListener("htmx:sse:after:connection", heard);
  for (const name of ["htmx:sse:error", "htmx:sse:close", "htmx:error"]) {
    carts.addEventListener(name, () => show(true));
  }
  // the server answers with the login
  carts.addEventListener("over", () => location.reload());
  carts.addEventListener("htmx:sse:error", (event) => {
    if (event.detail.status === 401) location.reload();
  });
  carts.addEventListener("htmx:sse:before:connection", (event) => show(event.detail.connection.attempt > 1));
})();
