// Wagtail keeps what is typed by itself, and a new story gets its address with the first keeping. Sent meanwhile, the form
// would make the story a second time and be told that its slug is taken. So it is sent when the keeping has ended.
let keeping = false;
let send = null;

document.addEventListener("w-autosave:save", () => {
  keeping = true;
});
for (const end of ["w-autosave:success", "w-autosave:error"]) {
  document.addEventListener(end, () => {
    keeping = false;
    send?.();
    send = null;
  });
}
document.addEventListener(
  "submit",
  (event) => {
    if (!keeping || event.target.dataset.controller?.includes("w-autosave") !== true) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const form = event.target;
    const pressed = event.submitter;
    send = () => {
      if (pressed?.name) {
        // The button has been switched off since, and what is switched off is not sent.
        const said = Object.assign(document.createElement("input"), { type: "hidden", name: pressed.name });
        said.value = pressed.value;
        form.append(said);
      }
      form.requestSubmit();
    };
  },
  true,
);
