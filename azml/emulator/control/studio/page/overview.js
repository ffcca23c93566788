// All endpoints: their health, their traffic, and their recent requests.

import { count, drawn, element, make, paint, whenChanged } from "./dom.js";
import { line } from "./rollout.js";
import { words } from "./shares.js";

const WIDTH = 240;
const HEIGHT = 36;
const LEAST = 2; // height of a bar, so that one request among a thousand is visible

export function show({ rows, last, minutes }, placeOf) {
  element("overview-empty").hidden = rows.length > 0;
  const ill = rows.filter((row) => ["bad", "warn"].includes(row.health.level)).length;
  const summary = ill ? `${count(rows.length, "endpoint")}, ${ill} with a problem` : count(rows.length, "endpoint");
  element("overview-summary").textContent = rows.length ? summary : "";
  document.title = "Endpoints · Studio";
  whenChanged("tiles", [rows, last], () => draw(rows, last, minutes, placeOf));
}

function draw(rows, last, minutes, placeOf) {
  const tiles = element("tiles");
  const focused = tiles.contains(document.activeElement) ? document.activeElement.dataset.id : null;
  tiles.replaceChildren(...rows.map((row) => tile(row, last, minutes, placeOf)));
  if (focused) tiles.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
}

function tile(row, last, minutes, placeOf) {
  const shares = Object.entries(row.traffic);
  const mirror = Object.keys(row.mirror).length ? `; mirrored: ${words(row.mirror)}` : "";
  return make(
    "li",
    { class: "card tile" },
    make(
      "div",
      { class: "tile-head" },
      make("h2", {}, make("a", { href: placeOf(row, "details"), "data-id": row.id }, row.name)),
      make("span", { class: `pill ${row.health.level}` }, row.health.words),
    ),
    make("p", { class: "hint" }, `${row.workspace} · ${row.resource_group} · ${row.location}`),
    make("div", { class: "split", "aria-hidden": "true" }, ...shares.map(([name, share], at) => part(name, share, at))),
    make("p", {}, shares.length ? words(row.traffic) + mirror : row.deployments ? `No traffic, ${count(row.deployments, "deployment")}` : "No deployment yet"),
    line(row.rollout),
    activity(row.activity, last, minutes),
  );
}

function part(name, share, at) {
  const node = paint(make("span"), name, at);
  node.style.setProperty("--share", share);
  return node;
}

function activity(found, last, minutes) {
  const requests = found.reduce((sum, one) => sum + one.requests, 0);
  const failures = found.reduce((sum, one) => sum + one.failures, 0);
  const most = Math.max(1, ...found.map((one) => one.requests));
  const step = WIDTH / minutes;
  const bar = (kind, one, many) => {
    const height = Math.max((many / most) * HEIGHT, LEAST);
    const x = WIDTH - ((last - one.minute) / 60 + 1) * step + 1;
    return drawn("rect", { class: kind, x, y: HEIGHT - height, width: step - 2, height });
  };
  const marks = found.flatMap((one) => [bar("all", one, one.requests), ...(one.failures ? [bar("failed", one, one.failures)] : [])]);
  return make(
    "div",
    { class: "activity" },
    drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, ...marks),
    make("p", { class: "hint" }, `${count(requests, "request")} in ${minutes} minutes`, failures ? make("b", { class: "wrong" }, `, ${failures} failed`) : ""),
  );
}
