// Stories dragged to places. A drop presses a button that the form has anyway: the step is the same plain post.
(() => {
  const form = document.getElementById("front-do");
  if (!form) return;
  let dragged = null;

  const post = (step) => {
    const button = document.createElement("button");
    button.name = "do";
    button.value = step;
    button.hidden = true;
    form.append(button);
    form.requestSubmit(button);
  };

  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("[data-place][draggable], [data-story]");
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.place || dragged.dataset.story);
  });

  document.addEventListener("dragend", () => {
    dragged = null;
  });

  for (const place of document.querySelectorAll("[data-place]")) {
    place.addEventListener("dragover", (event) => {
      if (!dragged || dragged === place) return;
      event.preventDefault();
      place.classList.add("front-place--over");
    });
    place.addEventListener("dragleave", () => place.classList.remove("front-place--over"));
    place.addEventListener("drop", (event) => {
      if (!dragged || dragged === place) return;
      event.preventDefault();
      const to = place.dataset.place;
      post(dragged.dataset.story ? `put:${dragged.dataset.story} ${to}` : `swap:${dragged.dataset.place} ${to}`);
    });
  }
})();
