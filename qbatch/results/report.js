"use strict";
// The page is whole without this: it sorts and filters tables, and shows what a point says at once.

const plain = new Intl.Collator();

function valueOf(row, column) {
  const cell = row.cells[column];
  return cell.textContent.replace(/\u202f/g, "").trim();
}

// "theta=-0.5 phi=1e-5" in turn: letters, a number, letters, a number.
const parts = /([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)/i;

function compare(first, second) {
  if (!first !== !second) return first ? -1 : 1; // what is empty comes last
  const [own, other] = [first.split(parts), second.split(parts)];
  for (let place = 0; place < Math.min(own.length, other.length); place++) {
    const apart = place % 2
      ? Number(own[place]) - Number(other[place])
      : plain.compare(own[place], other[place]);
    if (apart) return apart;
  }
  return own.length - other.length;
}

function sortBy(table, heading, column) {
  const falls = heading.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", falls ? "descending" : "ascending");
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => [valueOf(row, column), row]);
  rows.sort((a, b) => (falls ? compare(b[0], a[0]) : compare(a[0], b[0])));
  body.append(...rows.map((pair) => pair[1]));
}

function makeSortable(table) {
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    if (!heading.textContent.trim()) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => sortBy(table, heading, column));
  });
}

function makeFiltered(table) {
  const rows = [...table.tBodies[0].rows];
  if (rows.length < 2) return;
  const place = document.createElement("div");
  place.className = "filter";
  const label = document.createElement("label");
  const field = document.createElement("input");
  field.type = "search";
  label.append("Filter ", field);
  const count = document.createElement("span");
  count.className = "quiet";
  count.setAttribute("role", "status");
  place.append(label, count);
  table.before(place);
  const narrow = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = words.length ? `${shown} of ${rows.length}` : "";
  };
  field.addEventListener("input", narrow);
  table.addEventListener("wanted", () => { field.value = ""; narrow(); });
}

function showTips() {
  const tip = document.createElement("div");
  tip.id = "tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  document.body.append(tip);
  for (const title of document.querySelectorAll(".point > title")) {
    title.parentNode.dataset.tip = title.textContent;
    title.remove(); // or the browser shows it, too
  }
  addEventListener("pointerover", (event) => {
    const point = event.target.closest?.(".point");
    tip.hidden = !point;
    if (!point) return;
    tip.textContent = point.dataset.tip;
    const box = tip.getBoundingClientRect();
    const left = Math.min(event.clientX + 12, document.documentElement.clientWidth - box.width - 4);
    const above = event.clientY - box.height - 12;
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${above < 4 ? event.clientY + 16 : above}px`;
  });
}

// A point leads to its job's row, also where that is filtered out or folded away.
function leadToRows() {
  addEventListener("click", (event) => {
    const link = event.target.closest?.("a.point");
    const row = link && document.getElementById(link.getAttribute("href").slice(1));
    if (!row) return;
    row.closest("table").dispatchEvent(new Event("wanted"));
    const fold = row.closest("details");
    if (fold) fold.open = true;
    row.scrollIntoView({ block: "center" });
  });
}

for (const table of document.querySelectorAll("table")) {
  makeSortable(table);
  makeFiltered(table);
}
showTips();
leadToRows();
