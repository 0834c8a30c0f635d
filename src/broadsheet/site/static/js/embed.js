// Puts the player where the link stands, once the reader asks for it. Without script the link opens the provider's page.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-player]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const player = document.createElement("iframe");
  player.src = link.dataset.player;
  player.title = link.dataset.title || link.textContent.trim();
  player.allow = "autoplay; fullscreen; picture-in-picture; encrypted-media";
  player.referrerPolicy = "strict-origin-when-cross-origin";
  link.parentElement.replaceChildren(player);
  player.focus();
});
