// Lets a reader register without leaving the article: each answer of the sign-up pages takes the place of the wall's form,
// and when they lead back to the article, it is loaded again, open. Without script the same forms lead through pages.
const wall = document.querySelector(".wall");

async function send(form, button) {
  const address = new URL(form.getAttribute("action") || location.href, form.dataset.base || location.href);
  const answer = new FormData(form, button);
  const body = new URLSearchParams(answer);
  if (form.method === "get") address.search = body.toString();
  return fetch(address, { method: form.method, body: form.method === "get" ? undefined : body, headers: { Accept: "text/html" } });
}

function show(step, base) {
  // Headings of a page of its own stand one level lower inside the article.
  for (const heading of step.querySelectorAll("h1")) {
    const lower = document.createElement("h2");
    lower.id = "wall-heading";
    lower.append(...heading.childNodes);
    heading.replaceWith(lower);
  }
  for (const form of step.querySelectorAll("form")) form.dataset.base = base;
  for (const link of step.querySelectorAll("a[href]")) link.href = new URL(link.getAttribute("href"), base).href;
  step.className = "wall__step";
  wall.replaceChildren(step);
  const first = wall.querySelector("[aria-invalid=true], input:not([type=hidden])") || wall.querySelector("h2");
  if (first.matches("h2")) first.tabIndex = -1;
  first.focus();
}

wall?.addEventListener("submit", async (event) => {
  const form = event.target;
  if (new URL(form.getAttribute("action") || location.href, form.dataset.base || location.href).origin !== location.origin) return;
  event.preventDefault();
  wall.setAttribute("aria-busy", "true");
  try {
    const response = await send(form, event.submitter);
    if (new URL(response.url).pathname === location.pathname) {
      location.reload();
      return;
    }
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const step = page.querySelector("[data-step]") ?? page.querySelector("main > .page"); // the second: a refusal
    if (step) show(document.adoptNode(step), response.url);
    else location.assign(response.url);
  } catch {
    form.submit(); // the network failed, or the browser is old: let the browser try, and say what it finds
  } finally {
    wall.removeAttribute("aria-busy");
  }
});
