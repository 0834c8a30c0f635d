// The notice closes without script, for as long as the page is open. This remembers the closing for the rest of the visit.
const notice = document.querySelector(".notice");
if (notice) {
  const key = `notice closed: ${notice.textContent.trim()}`; // the next count is a new notice
  const toggle = notice.querySelector("input[type=checkbox]");
  try {
    toggle.checked = sessionStorage.getItem(key) === "1";
    toggle.addEventListener("change", () => sessionStorage.setItem(key, toggle.checked ? "1" : "0"));
  } catch {
    // No storage: it closes for this view only.
  }
}
