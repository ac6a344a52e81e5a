() => {
  // Gradio sets a <base>, so a plain #anchor may reload the page, and it does not move the focus.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.rag-cite, a.rag-back");
    const target = link && document.getElementById(link.hash.slice(1));
    if (!target) return;
    event.preventDefault();
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
  });
}
