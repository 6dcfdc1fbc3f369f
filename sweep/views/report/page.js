"use strict";
// A click on a column's button sorts by it, a second one the other way round. Numbers sort as
// numbers; what is no number, such as the loss of a trial that diverged, stays at the end.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = Array.from(table.tHead.rows[0].cells);
  const body = table.tBodies[0];
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    const numeric = head.classList.contains("number");
    const rows = Array.from(body.rows, (row) => {
      const cell = row.cells[column];
      const key = numeric ? cell.dataset.key : cell.textContent;
      return { row, key: numeric && key !== "" ? Number(key) : key };
    });
    rows.sort((a, b) => {
      if (a.key === "" || b.key === "") return (a.key === "") - (b.key === "");
      const order = numeric ? a.key - b.key : a.key.localeCompare(b.key);
      return down ? -order : order;
    });
    heads.forEach((one) => one.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    body.append(...rows.map((one) => one.row));
  }));
}
