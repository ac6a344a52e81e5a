// The map's own behaviour: hover, choose, filter, zoom. Run once by Gradio with `element`, `trigger` and `watch`. The
// markup inside of `element` is replaced when the value changes, so listeners stay on `element`.
const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 960;
const HEIGHT = 720;
const NEAR = 18; // pixels around a point that are still the point
const CLOSEST = 40; // times larger than the whole
const still = matchMedia("(prefers-reduced-motion: reduce)");

let box = { x: 0, y: 0, w: WIDTH, h: HEIGHT };
let points = []; // {id, x, y, node}
let byId = new Map();
let colour = "topic";
let filters = new Set();
let chosen = null;
let unit = null;

const $ = (selector) => element.querySelector(selector);
const svg = () => $(".rag-map-svg");

function read() {
  points = [...element.querySelectorAll("circle[data-id]")].map((node) => ({
    node,
    id: node.dataset.id,
    x: Number(node.getAttribute("cx")),
    y: Number(node.getAttribute("cy")),
  }));
  byId = new Map(points.map((point) => [point.id, point]));
  const now = $("[data-unit][aria-pressed=true]")?.dataset.unit ?? null;
  if (now !== unit) {
    unit = now;
    box = { x: 0, y: 0, w: WIDTH, h: HEIGHT };
    filters.clear();
    chosen = null;
  }
  recolour(colour);
  look(box);
  mark();
  drawQuery();
}

// the picture

function look(wanted) {
  const w = Math.min(WIDTH, Math.max(WIDTH / CLOSEST, wanted.w));
  const h = (w * HEIGHT) / WIDTH;
  const x = Math.min(WIDTH - w, Math.max(0, wanted.x));
  const y = Math.min(HEIGHT - h, Math.max(0, wanted.y));
  box = { x, y, w, h };
  const picture = svg();
  if (!picture) return;
  picture.setAttribute("viewBox", `${x} ${y} ${w} ${h}`);
  // a point has the same size on every screen and grows a little with the zoom
  const pixel = w / (picture.clientWidth || WIDTH);
  picture.style.setProperty("--rag-pixel", `${pixel * (WIDTH / w) ** 0.25}px`);
  picture.classList.toggle("rag-zoomed", w < WIDTH);
}

function zoom(factor, at = { x: box.x + box.w / 2, y: box.y + box.h / 2 }) {
  const w = Math.min(WIDTH, Math.max(WIDTH / CLOSEST, box.w * factor));
  const share = w / box.w;
  look({ x: at.x - (at.x - box.x) * share, y: at.y - (at.y - box.y) * share, w });
}

function toMap(event) {
  const area = svg().getBoundingClientRect();
  return {
    x: box.x + ((event.clientX - area.left) / area.width) * box.w,
    y: box.y + ((event.clientY - area.top) / area.height) * box.h,
    pixel: box.w / area.width,
  };
}

function shown(point) {
  return !filters.size || [...point.node.classList].some((name) => filters.has(name));
}

function nearest(place) {
  let best = null;
  let least = NEAR * place.pixel;
  for (const point of points) {
    // of points that lie together, one that was found is meant
    const away = Math.hypot(point.x - place.x, point.y - place.y) / (point.node.matches(".rag-map-found") ? 3 : 1);
    if (away < least && shown(point)) [best, least] = [point, away];
  }
  return best;
}

function tip(point) {
  const label = $(".rag-map-tip");
  if (!label) return;
  label.hidden = !point;
  if (!point) return;
  const title = document.createElement("strong");
  const below = document.createElement("span");
  title.textContent = point.node.dataset.title;
  below.textContent = point.node.dataset.below;
  label.replaceChildren(title, below);
  const area = svg().getBoundingClientRect();
  const x = ((point.x - box.x) / box.w) * area.width;
  const y = ((point.y - box.y) / box.h) * area.height;
  label.style.left = `${Math.min(area.width - label.offsetWidth - 4, Math.max(4, x - label.offsetWidth / 2))}px`;
  label.style.top = `${y > label.offsetHeight + 20 ? y - label.offsetHeight - 14 : y + 14}px`;
}

function ring(point, name) {
  const circle = document.createElementNS(SVG, "circle");
  circle.setAttribute("cx", point.x);
  circle.setAttribute("cy", point.y);
  circle.setAttribute("class", name);
  return circle;
}

function mark() {
  const point = byId.get(chosen);
  $(".rag-map-chosen")?.replaceChildren(...(point ? [ring(point, "rag-map-ring")] : []));
}

function drawQuery() {
  const layer = $(".rag-map-query");
  const asked = document.querySelector("#rag-map-query [data-query]");
  if (!layer) return;
  const drawn = [];
  const hits = asked ? [...asked.querySelectorAll("[data-hit]")].map((hit) => byId.get(hit.dataset.hit)) : [];
  const placed = asked?.dataset.x !== undefined;
  const [x, y] = [Number(asked?.dataset.x), Number(asked?.dataset.y)];
  for (const hit of hits.filter(Boolean)) {
    if (placed) {
      const line = document.createElementNS(SVG, "line");
      for (const [name, value] of Object.entries({ x1: x, y1: y, x2: hit.x, y2: hit.y })) line.setAttribute(name, value);
      drawn.push(line);
    }
    drawn.push(ring(hit, "rag-map-hit"));
  }
  if (placed) drawn.push(ring({ x, y }, "rag-map-asked"));
  layer.replaceChildren(...drawn);
  svg().classList.toggle("rag-map-queried", drawn.length > 0);
  for (const point of points) point.node.classList.toggle("rag-map-found", hits.includes(point));
}

// what is done with it

function choose(id, { follow = false } = {}) {
  const point = byId.get(id);
  chosen = id;
  mark();
  tip(null);
  if (point && follow && (point.x < box.x || point.x > box.x + box.w || point.y < box.y || point.y > box.y + box.h))
    look({ ...box, x: point.x - box.w / 2, y: point.y - box.h / 2 });
  trigger("choose", { id });
}

function recolour(name) {
  colour = name;
  const map = $(".rag-map");
  if (!map) return;
  map.dataset.colour = name;
  for (const button of element.querySelectorAll("[data-colour][aria-pressed]"))
    button.setAttribute("aria-pressed", String(button.dataset.colour === name));
  filter();
}

function filter() {
  for (const button of element.querySelectorAll("[data-filter]"))
    button.setAttribute("aria-pressed", String(filters.has(button.dataset.filter)));
  for (const point of points) point.node.classList.toggle("rag-map-off", !shown(point));
}

element.addEventListener("click", (event) => {
  const button = event.target.closest?.("button");
  if (!button || !element.contains(button)) return;
  const { zoom: way, filter: name, colour: by, unit: wanted, choose: id } = button.dataset;
  if (way) way === "whole" ? look({ x: 0, y: 0, w: WIDTH }) : zoom(way === "in" ? 1 / 1.6 : 1.6);
  if (name) {
    filters.has(name) ? filters.delete(name) : filters.add(name);
    filter();
  }
  if (by) {
    filters.clear();
    recolour(by);
  }
  if (wanted && wanted !== unit) trigger("unit", { unit: wanted });
  if (id) choose(id, { follow: true });
});

element.addEventListener("submit", (event) => {
  event.preventDefault();
  trigger("ask", { query: event.target.elements.query.value });
});

const fingers = new Map();
let dragged = 0;

element.addEventListener("pointerdown", (event) => {
  if (!event.target.closest?.(".rag-map-svg")) return;
  fingers.set(event.pointerId, event);
  dragged = 0;
});

element.addEventListener("pointermove", (event) => {
  const before = fingers.get(event.pointerId);
  if (!before) {
    const over = event.target.closest?.(".rag-map-svg") ? nearest(toMap(event)) : null;
    svg()?.classList.toggle("rag-map-over", !!over);
    return tip(over);
  }
  const area = svg().getBoundingClientRect();
  if (fingers.size === 2) {
    const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
    const apart = (finger) => Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY);
    zoom(apart(before) / Math.max(1, apart(event)), toMap(event));
    dragged = Infinity;
  } else {
    const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
    dragged += Math.hypot(dx, dy);
    if (dragged > 4) {
      tip(null);
      look({ ...box, x: box.x - (dx / area.width) * box.w, y: box.y - (dy / area.height) * box.h });
    }
  }
  fingers.set(event.pointerId, event);
});

for (const name of ["pointerup", "pointercancel"])
  document.addEventListener(name, (event) => {
    const began = fingers.delete(event.pointerId);
    if (!began || name === "pointercancel" || dragged > 4 || !svg()) return;
    const point = nearest(toMap(event));
    if (point) choose(point.id);
  });

element.addEventListener("pointerleave", () => tip(null));

element.addEventListener(
  "wheel",
  (event) => {
    if (!event.target.closest?.(".rag-map-svg") || (event.deltaY > 0 && box.w >= WIDTH)) return; // the page scrolls on
    event.preventDefault();
    tip(null);
    zoom(Math.exp(Math.max(-100, Math.min(100, event.deltaY)) / 300), toMap(event));
  },
  { passive: false },
);

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
let at = null;

function step([dx, dy]) {
  const from = byId.get(at?.id) ?? { x: box.x + box.w / 2, y: box.y + box.h / 2 };
  let best = null;
  let least = Infinity;
  for (const point of points) {
    const [x, y] = [point.x - from.x, point.y - from.y];
    const ahead = x * dx + y * dy;
    const cost = ahead + 3 * Math.abs(x * dy - y * dx); // rather straight ahead than near by
    if (ahead > 0.01 && cost < least && shown(point)) [best, least] = [point, cost];
  }
  return best;
}

element.addEventListener("keydown", (event) => {
  if (!event.target.matches?.(".rag-map-svg")) return;
  const { key } = event;
  if (key in WAYS) {
    at = step(WAYS[key]) ?? at;
    if (at) {
      if (at.x < box.x || at.x > box.x + box.w || at.y < box.y || at.y > box.y + box.h)
        look({ ...box, x: at.x - box.w / 2, y: at.y - box.h / 2 });
      tip(at);
      $(".rag-map-said").textContent = `${at.node.dataset.title}, ${at.node.dataset.below}`;
    }
  } else if ((key === "Enter" || key === " ") && at) {
    const card = chosen === at.id && document.querySelector(`#rag-map-opened [data-opened="${CSS.escape(at.id)}"]`);
    card ? card.querySelector("[data-only]").focus() : choose(at.id);
  } else if (key === "+") zoom(1 / 1.6);
  else if (key === "-") zoom(1.6);
  else if (key === "0") look({ x: 0, y: 0, w: WIDTH });
  else if (key === "Escape") tip(null);
  else return;
  event.preventDefault();
});

element.addEventListener("focusout", (event) => {
  if (event.target.matches?.(".rag-map-svg")) tip(null);
});

// what stands beside the map

const beside = document.getElementById("rag-map-beside");

beside?.addEventListener("click", (event) => {
  const button = event.target.closest?.("button");
  if (button?.dataset.choose !== undefined) choose(button.dataset.choose, { follow: true });
  if (button?.dataset.only !== undefined) {
    trigger("only", { document: button.dataset.only });
    document.getElementById("rag-tab-chat-button").click();
    requestAnimationFrame(() => requestAnimationFrame(() => document.querySelector("#rag-ask textarea").focus()));
  }
  if (button?.dataset.clear !== undefined) {
    $(".rag-map-ask")?.reset();
    trigger("ask", { query: "" });
  }
});

if (beside)
  new MutationObserver((changes) => {
    if (changes.some((change) => change.target.closest?.("#rag-map-query"))) drawQuery();
    const card = changes.map((change) => change.target.closest?.("#rag-map-opened")).find(Boolean);
    // on a narrow screen what was opened is below the map
    if (card?.childElementCount && innerWidth <= 820)
      card.scrollIntoView({ block: "nearest", behavior: still.matches ? "auto" : "smooth" });
  }).observe(beside, { childList: true, subtree: true, characterData: true, attributes: true });

new ResizeObserver(() => look(box)).observe(element);
watch("value", read);
read();
