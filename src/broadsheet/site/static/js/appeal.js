// Closes appeals without leaving the page. The answer sets the cookie by which the next page has none; without script the same
// form leads there and back.
const places = document.querySelectorAll(".appeal-place");

for (const form of document.querySelectorAll('.appeal form[action="/appeals/close/"]')) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form));
    fetch(form.action, { method: "POST", body, redirect: "manual", keepalive: true }).catch(() => {}); // it is asked again then
    const place = form.closest(".appeal-place");
    for (const each of places) each.querySelector(".appeal").hidden = true;
    place.tabIndex = -1; // whoever came by keyboard goes on from here
    place.focus({ preventScroll: true });
  });
}
