// Runs before the page is shown, so that it never changes its colours.
(() => {
  let theme = null;
  try { theme = localStorage.getItem("facet-theme"); } catch { /* private windows */ }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  document.documentElement.classList.add("js");
})();
