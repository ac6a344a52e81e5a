// The query and the sliders: what is asked goes to the server when typing or dragging pauses.
const root = element.closest("#rag-search");
const PAUSE_MS = { query: 250, slider: 60 };
const told = {}; // one object for all events: where one waits for another, Gradio says what the first one said
let waiting;

const asked = () => {
  const number = (name) => Number(root.querySelector(`input[name=${name}]`).value);
  const legs = [...root.querySelectorAll("input[data-leg]")];
  return {
    query: root.querySelector("input[name=query]").value,
    weights: Object.fromEntries(legs.map((leg) => [leg.dataset.leg, Number(leg.value)])),
    candidates: number("candidates"),
    top_k: number("top_k"),
    rerank: root.querySelector("input[name=rerank]")?.checked ?? false,
  };
};

const ask = (pause) => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    root.classList.add("rag-busy"); // until the hits come; those of before stay
    trigger("asked", Object.assign(told, asked()));
  }, pause);
};

const show = () => {
  for (const slider of element.querySelectorAll("input[type=range]")) {
    slider.closest("label").querySelector("output").value = slider.value;
  }
};

element.addEventListener("input", (event) => {
  if (!event.target.closest(".rag-search-asked")) return;
  show();
  ask(event.target.name === "query" ? PAUSE_MS.query : PAUSE_MS.slider);
});

element.addEventListener("submit", (event) => {
  event.preventDefault();
  ask(0);
});

element.addEventListener("click", (event) => {
  if (!event.target.closest("[data-reset]")) return;
  for (const input of element.querySelectorAll("input")) {
    input.value = input.defaultValue;
    input.checked = input.defaultChecked;
  }
  show();
  ask(0);
});

element.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" && event.target.name === "query") {
    event.preventDefault();
    root.querySelector(".rag-hit")?.focus();
  }
});

// on a phone the sliders are one step away from the hits
const fold = () => {
  const sliders = element.querySelector(".rag-weights");
  if (sliders && matchMedia("(max-width: 820px)").matches) sliders.open = false;
};
fold();

// sliders of another corpus start at its own weights
watch("value", () => {
  fold();
  for (const input of element.querySelectorAll(".rag-weights input")) {
    input.value = input.defaultValue;
    input.checked = input.defaultChecked;
  }
  show();
});
