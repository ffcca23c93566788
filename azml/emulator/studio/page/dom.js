// Elements by id, and elements made new. Text is only ever set as text: nothing that is shown can become markup.

export const element = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

export function drawn(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// Sets the text where it differs: a live region says again whatever is set again.
export function say(id, text) {
  const spoken = element(id);
  if (spoken.textContent !== text) spoken.textContent = text;
}

// Runs `draw` when `value` is another than at the last time for this key.
const shown = new Map();
export function whenChanged(key, value, draw) {
  const text = JSON.stringify(value);
  if (shown.get(key) === text) return;
  shown.set(key, text);
  draw();
}

const OTHERS = 4;

// A deployment's colour: its name's own where the name is a colour of ours, else by its place.
export function paint(node, name, place) {
  const own = /(^|[^a-z])(blue|green)([^a-z]|$)/i.exec(name);
  node.style.setProperty("--slot", own ? `var(--slot-${own[2].toLowerCase()})` : `var(--slot-${3 + (place % OTHERS)})`);
  return node;
}

const GOOD = ["Succeeded"];
const BAD = ["Failed", "Canceled"];
export const mood = (state) => (GOOD.includes(state) ? "good" : BAD.includes(state) ? "bad" : "busy");
