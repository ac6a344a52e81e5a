// Run once by Gradio: the button in the markup starts a check.
element.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-check]")) trigger("check");
});
