// The table of the designs that are kept: sorted by a column, page by page, and as CSV.

const PAGE = innerWidth > 500 ? 25 : 10;  // designs

class Designs {
  constructor(page) {
    this.page = page;
    const { data } = page;
    const own = data.columns.findIndex(c => isScore(c, data.runs[0]));
    this.sorted = { at: own, up: true };
    this.most = PAGE;
    byId("more").onclick = () => { this.most += 4 * PAGE; this.draw(this.kept); };
    byId("csv").onclick = () => download("designs.csv", new Blob([this.csv()], { type: "text/csv" }));
  }

  get order() {
    const { at, up } = this.sorted;
    const values = at < 0 ? null : this.page.data.columns[at].values;
    const before = (a, b) => {
      if (a === null || b === null) return (a === null) - (b === null);
      return (typeof a === "string" ? a.localeCompare(b) : a - b) * (up ? 1 : -1);
    };
    const rows = [...this.kept];
    return values ? rows.sort((a, b) => before(values[a], values[b])) : rows;
  }

  draw(kept) {
    this.kept = kept;
    const { data, picked } = this.page;
    const table = byId("designs"), focused = table.contains(document.activeElement) ? document.activeElement.id : "";
    table.replaceChildren();
    const head = put(put(table, "thead"), "tr");
    put(head, "th", { scope: "col" }, "design");
    data.columns.forEach((column, at) => this.heading(head, column, at));
    const body = put(table, "tbody");
    for (const row of this.order.slice(0, this.most)) {
      const line = put(body, "tr", row === picked ? { class: "shown" } : {});
      const button = put(put(line, "th", { scope: "row" }), "button", { type: "button", id: `row-${row}`, "aria-pressed": row === picked }, this.page.title(row));
      button.onclick = () => this.page.open(row);
      for (const column of data.columns) put(line, "td", { class: "number" }, shorten(column.values[row]));
    }
    byId("more").hidden = this.most >= kept.size;
    byId("more").textContent = `Show more (${Math.min(this.most, kept.size)} of ${kept.size})`;
    byId(focused)?.focus({ preventScroll: true });  // a new table takes over from the old one
  }

  heading(head, column, at) {
    const isSorted = this.sorted.at === at;
    const cell = put(head, "th", { scope: "col", class: "number", "aria-sort": isSorted ? (this.sorted.up ? "ascending" : "descending") : "none" });
    const button = put(cell, "button", { type: "button", id: `sort-${at}` }, `${columnTitle(column)}${isSorted ? (this.sorted.up ? " ▲" : " ▼") : ""}`);
    button.onclick = () => {
      this.sorted = { at, up: isSorted ? !this.sorted.up : true };
      this.draw(this.kept);
    };
  }

  csv() {
    const { data } = this.page;
    const quoted = value => value === null ? "" : /[",\n\r]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
    const lines = [["run", "design", "line", ...data.columns.map(columnTitle)]];
    for (const row of this.order) lines.push([data.runs[data.run[row]].label, this.page.title(row), data.line[row], ...data.columns.map(c => c.values[row])]);
    return lines.map(line => line.map(quoted).join(",")).join("\n") + "\n";
  }
}

const columnTitle = column => column.network ? `${column.network} ${column.label}` : column.label;
