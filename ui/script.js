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

  // "/" goes to the question, Escape stops an answer.
  document.addEventListener("keydown", (event) => {
    const box = document.querySelector("#rag-ask textarea");
    if (!box?.offsetParent || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !event.target.closest("input, textarea, select, [contenteditable]")) {
      event.preventDefault();
      box.focus();
    }
    const asking = document.querySelector("#rag-live .rag-running");
    if (event.key === "Escape" && asking) document.querySelector(".rag-stop").click();
  });
}
