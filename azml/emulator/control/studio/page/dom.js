// Elements by id, and new elements. Text is always set as text: nothing that is shown can become markup.

export const element = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

const SVG = "http://www.w3.org/2000/svg";

export function drawn(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

// Sets the text only if it differs: a live region announces every text that is set.
export function say(id, text) {
  const spoken = element(id);
  if (spoken.textContent !== text) spoken.textContent = text;
}

// Runs `draw` when `value` differs from the last one for this key.
const shown = new Map();
export function whenChanged(key, value, draw) {
  const text = JSON.stringify(value);
  if (shown.get(key) === text) return;
  shown.set(key, text);
  draw();
}

// Sets a select's options, and keeps the selected one if it still exists.
export function options(select, values, words = (value) => value) {
  const before = select.value;
  select.replaceChildren(...values.map((value) => make("option", { value }, words(value))));
  if (values.includes(before)) select.value = before;
}

const OTHERS = 4;

// A deployment's colour: its name, if that is one of our colours, else by its position.
export function colour(name, place) {
  const own = /(^|[^a-z])(blue|green)([^a-z]|$)/i.exec(name);
  return own ? `--slot-${own[2].toLowerCase()}` : `--slot-${3 + (place % OTHERS)}`;
}

export function paint(node, name, place) {
  node.style.setProperty("--slot", `var(${colour(name, place)})`);
  return node;
}

const GOOD = ["Succeeded"];
const BAD = ["Failed", "Canceled"];
export const mood = (state) => (GOOD.includes(state) ? "good" : BAD.includes(state) ? "bad" : "busy");

export const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
export const bytes = (size) =>
  size < 1024 ? count(size, "byte") : size < 1 << 20 ? `${(size / 1024).toFixed(1)} KB` : `${(size / (1 << 20)).toFixed(1)} MB`;
export const milliseconds = (value) => (value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`);

// Draws an image's bytes. A canvas needs no URL that the page's policy would have to allow.
export async function picture(canvas, blob) {
  const image = await createImageBitmap(blob);
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext("2d").drawImage(image, 0, 0);
  canvas.hidden = false;
}
