// Which corpus the page is about.
const picker = element.querySelector("select");
picker.setAttribute("aria-label", JSON.parse(picker.dataset.words)[document.documentElement.lang]);
picker.addEventListener("change", () => trigger("pick", { corpus: Number(picker.value) }));
document.addEventListener("rag-told", ({ detail }) => {
  if (detail.picks !== undefined) picker.value = detail.picks;
});
