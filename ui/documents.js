// What the parts of the documents tab do in the browser: say what was chosen, upload files, ask where the job stands,
// open dialogs. The markup, in ui/view, says where: data-do, data-change, data-filter, data-form, data-files, data-poll.
const say = (data) => trigger("act", data);

element.addEventListener("click", (event) => {
  const dialog = event.target.closest("dialog");
  if (dialog && (event.target === dialog || event.target.closest("[data-leaves]"))) return dialog.close();
  const button = event.target.closest("[data-do]");
  if (!button) return;
  if ("closes" in button.dataset) dialog.close();
  if (button.dataset.do === "clear") for (const box of element.querySelectorAll("[data-filter]")) box.value = "";
  say({ ...button.dataset });
});

element.addEventListener("change", (event) => {
  const chosen = event.target;
  if (chosen.dataset.change) say({ do: chosen.dataset.change, value: chosen.value });
  if ("files" in chosen.dataset) send([...chosen.files]).finally(() => (chosen.value = ""));
});

let typing;
element.addEventListener("input", (event) => {
  if (!("filter" in event.target.dataset)) return;
  clearTimeout(typing);
  typing = setTimeout(() => say({ do: "text", value: event.target.value }), 200);
});

element.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  say({ do: form.dataset.form, value: new FormData(form).get("url") });
  form.reset();
});

// uploads: one file after the other, then all of them are said at once
const drop = () => element.querySelector(".rag-drop");
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

async function send(files) {
  const zone = drop();
  if (!files.length || zone.ariaBusy === "true") return;
  const line = element.querySelector(".rag-uploading");
  zone.ariaBusy = "true";
  const sent = [];
  for (const [place, file] of files.entries()) {
    line.textContent = filled(zone.dataset.uploading, { at: place + 1, all: files.length, name: file.name });
    if (file.size > Number(zone.dataset.max)) {
      sent.push({ name: file.name, error: zone.dataset.tooLarge });
      continue;
    }
    try {
      sent.push({ name: file.name, path: (await upload(file)).path });
    } catch {
      sent.push({ name: file.name, error: zone.dataset.notSent });
    }
  }
  line.textContent = "";
  zone.ariaBusy = "false";
  say({ do: "upload", files: sent, replace: element.querySelector("[data-replace]").checked });
}

let over = 0;
const hover = (by) => {
  over = by ? Math.max(0, over + by) : 0;
  drop()?.classList.toggle("rag-over", over > 0);
};
element.addEventListener("dragenter", (event) => drop()?.contains(event.target) && hover(1));
element.addEventListener("dragleave", (event) => drop()?.contains(event.target) && hover(-1));
element.addEventListener("dragover", (event) => drop() && event.preventDefault());
element.addEventListener("drop", (event) => {
  if (!drop()) return;
  event.preventDefault();
  hover(0);
  send([...event.dataTransfer.files]);
});

// the job is asked for only where it can be seen
let asked = 0;
const clock = setInterval(() => {
  if (!element.isConnected) return clearInterval(clock);
  const every = element.querySelector("[data-poll]")?.dataset.poll;
  const seen = document.visibilityState === "visible" && element.offsetParent !== null;
  if (!every || !seen || Date.now() - asked < Number(every)) return;
  asked = Date.now();
  trigger("poll");
}, 250);

let left; // the window that was closed last: the end of what opened it brings it once more
watch("value", () => {
  const dialog = element.querySelector("dialog");
  if (!dialog || dialog.matches(":modal")) return;
  dialog.open = false; // it came open, so that an update of its words does not close it
  if (dialog.dataset.key === left) return (props.value = "");
  dialog.showModal();
  dialog.onclose = () => {
    left = dialog.dataset.key;
    props.value = "";
  };
});
