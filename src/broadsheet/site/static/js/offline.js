// Without a connection a link would lead to the browser's error page, and the story in hand would be gone. It stays, with a word
// of why. Nothing is kept for later: a page that counts must be asked for.
const bar = document.querySelector(".offline");
if (bar) {
  const tell = () => (bar.hidden = navigator.onLine);
  addEventListener("online", tell);
  addEventListener("offline", tell);
  tell();
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (navigator.onLine || !link || link.origin !== location.origin) return;
    if (link.pathname === location.pathname && link.hash) return;
    event.preventDefault();
    bar.hidden = true; // and shown again: said again to those who listen
    requestAnimationFrame(tell);
  });
}
