// The box for questions: grows with its text, and sends it with Enter. Gradio's own text box would be written to by the
// server while somebody types, and sends what an input method has not finished.
const form = element.querySelector(".rag-box-form");
const box = form.elements.question;
const words = JSON.parse(form.dataset.words)[document.documentElement.lang];
box.placeholder = words.placeholder;
box.setAttribute("aria-label", words.question);
form.querySelector("[type=submit]").textContent = words.ask;
form.querySelector(".rag-stop").textContent = words.stop;

let sent; // until the server says that it asks

function fit() {
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
}

function fill(text) {
  box.value = text;
  fit();
}

box.addEventListener("input", fit);

box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!box.value.trim()) return fill("");
  if (document.querySelector("#rag-live .rag-running")) return;
  sent = box.value;
  document.dispatchEvent(new CustomEvent("rag-asks", { detail: { typed: sent } })); // conversations.js asks
});

form.querySelector(".rag-stop").addEventListener("click", () => trigger("stop"));

document.addEventListener("rag-told", ({ detail }) => {
  if (detail.fills !== undefined) fill(detail.fills);
  if (detail.asks && box.value === sent) fill("");
  if (detail.asks) sent = undefined;
});

box.focus({ preventScroll: true });
