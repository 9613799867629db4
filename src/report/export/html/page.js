"use strict";
(() => {
  // The columns of a row in the data.
  const [INDEX, STATUS, OUTCOME, TIME, TTFB, BYTES, WORKER, ATTEMPTS, URL, SAVED, ERROR, DETAILS] =
    Array.from({ length: 12 }, (_, place) => place);
  const PHASES = ["blocked", "dns", "connect", "ssl", "send", "wait", "receive"];
  const STEP = 200;
  const table = document.getElementById("urls");
  if (!table) return;
  const rows = JSON.parse(document.getElementById("data").textContent);
  const body = table.tBodies[0];
  const shown = document.getElementById("shown");
  const more = document.getElementById("more");
  const filter = document.getElementById("filter");
  let found = rows;
  let sorted = { column: INDEX, descending: false };
  let count = STEP;

  // Durations and sizes are formatted as in the program.
  const duration = (seconds) => {
    if (seconds < 999.95e-6) return `${(seconds * 1e6).toFixed(0)} µs`;
    if (seconds < 999.95e-3) return `${(seconds * 1e3).toFixed(1)} ms`;
    if (seconds < 59.995) return `${seconds.toFixed(2)} s`;
    const whole = Math.round(seconds);
    const two = (number) => String(number).padStart(2, "0");
    const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
    return hours > 0 ? `${hours} h ${two(minutes)} min` : `${minutes} min ${two(whole % 60)} s`;
  };
  const size = (bytes) => {
    if (bytes < 1000) return `${bytes} B`;
    let [value, unit] = [bytes, "B"];
    for (const larger of ["kB", "MB", "GB", "TB", "PB", "EB"]) {
      if (value < 999.95) break;
      [value, unit] = [value / 1000, larger];
    }
    return `${value.toFixed(1)} ${unit}`;
  };
  const grouped = (number) => number.toLocaleString("en-US");
  const text = (row, column) => {
    const value = row[column];
    if (value === null) return "";
    if (column === TIME || column === TTFB) return duration(value);
    return column === BYTES ? size(value) : String(value);
  };

  // Values from the data are inserted as text, never as markup.
  const element = (name, content, className) => {
    const made = document.createElement(name);
    if (content !== undefined) made.textContent = content;
    if (className) made.className = className;
    return made;
  };

  const details = (row) => {
    const [start, phases, finalUrl, redirects, contentType] = row[DETAILS];
    const list = element("dl");
    const add = (name, value) => list.append(element("dt", name), element("dd", value));
    add("URL", row[URL]);
    if (row[SAVED] !== null) add("saved file", row[SAVED]);
    if (row[ERROR] !== null) add("error", row[ERROR]);
    if (start !== null) add("started after", duration(start));
    // Narrow screens hide the columns of these.
    if (row[WORKER] !== null) add("worker", text(row, WORKER));
    add("attempts", text(row, ATTEMPTS));
    if (row[BYTES] !== null) add("size", text(row, BYTES));
    if (row[TTFB] !== null) add("first byte", text(row, TTFB));
    PHASES.forEach((phase, place) => {
      if (phases[place] !== null) add(phase, duration(phases[place]));
    });
    for (const [status, url] of redirects) add(`redirect ${status}`, url);
    if (contentType !== null) add("content type", contentType);
    if (finalUrl !== null) add("answered by", finalUrl);
    const line = element("tr", undefined, "more");
    const cell = element("td");
    cell.colSpan = ERROR + 1;
    cell.append(list);
    line.append(cell);
    return line;
  };

  const line = (row) => {
    const made = element("tr", undefined, row[OUTCOME]);
    for (let column = INDEX; column <= ERROR; column += 1) {
      const cell = element("td");
      // Long texts are cut after two lines; the details have them whole.
      if (column >= URL) cell.append(element("div", text(row, column), "clip"));
      else if (column !== INDEX) cell.textContent = text(row, column);
      if (isEmpty[column]) cell.className = "empty";
      made.append(cell);
    }
    const open = element("button", text(row, INDEX), "open");
    open.type = "button";
    open.title = "Whole texts, phases and redirects";
    open.setAttribute("aria-expanded", "false");
    open.addEventListener("click", () => {
      const isOpen = open.getAttribute("aria-expanded") === "true";
      open.setAttribute("aria-expanded", String(!isOpen));
      if (isOpen) made.nextSibling.remove();
      else made.after(details(row));
    });
    made.firstChild.append(open);
    return made;
  };

  const draw = () => {
    const visible = found.slice(0, count);
    body.replaceChildren(...visible.map(line));
    more.hidden = found.length <= count;
    more.textContent = `Show ${Math.min(STEP, found.length - count)} more`;
    const of = found.length === rows.length ? "" : ` that match, of ${grouped(rows.length)}`;
    const all = found.length === 1 ? "1 row" : `${grouped(found.length)} rows`;
    shown.textContent = visible.length === found.length
      ? `${all}${of}`
      : `${grouped(visible.length)} of ${all}${of}`;
  };

  // Missing values come last in either direction; equal ones stay in the order of the input.
  const compare = (a, b) => {
    const { column, descending } = sorted;
    const [one, other] = [a[column], b[column]];
    if (one === other) return a[INDEX] - b[INDEX];
    if (one === null || other === null) return one === null ? 1 : -1;
    const sign = one < other ? -1 : 1;
    return descending ? -sign : sign;
  };

  const update = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const searched = [STATUS, OUTCOME, URL, SAVED, ERROR];
    found = rows.filter((row) => {
      const haystack = searched.map((column) => text(row, column)).join(" ").toLowerCase();
      return words.every((word) => haystack.includes(word));
    });
    found.sort(compare);
    count = STEP;
    draw();
  };

  // Columns that are empty in all rows are hidden.
  const isEmpty = Array.from({ length: DETAILS }, (_, column) =>
    column >= SAVED && rows.every((row) => row[column] === null));
  const heads = [...table.tHead.rows[0].cells];
  const isFirstDescending = new Set([TIME, TTFB, BYTES, ATTEMPTS]);
  const mark = () => heads.forEach((head, column) => {
    const direction = sorted.descending ? "descending" : "ascending";
    head.setAttribute("aria-sort", column === sorted.column ? direction : "none");
  });
  heads.forEach((head, column) => {
    if (isEmpty[column]) head.className = "empty";
    const button = element("button", head.textContent);
    button.type = "button";
    button.addEventListener("click", () => {
      const descending = column === sorted.column
        ? !sorted.descending
        : isFirstDescending.has(column);
      sorted = { column, descending };
      mark();
      update();
    });
    head.replaceChildren(button);
  });
  more.addEventListener("click", () => {
    const first = count;
    count += STEP;
    draw();
    // The focus moves to the first new row, for users of the keyboard.
    const buttons = body.querySelectorAll(".open");
    if (buttons[first]) buttons[first].focus();
  });
  let waiting = 0;
  filter.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(update, 80);
  });
  document.getElementById("controls").hidden = false;
  mark();
  update();
})();
