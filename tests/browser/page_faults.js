// What a page must not show, whatever its content. Returns a list of sentences; empty is good.
() => {
  const faults = [];
  const seen = (element) => {
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    return box.width > 1 && box.height > 1 && style.visibility !== "hidden" && !element.closest(".visually-hidden, .skip");
  };
  const name = (element) => `${element.tagName.toLowerCase()} ${(element.textContent || element.name || "").trim().slice(0, 40)}`;

  if (document.documentElement.scrollWidth > window.innerWidth) faults.push(`wider than the window: ${document.documentElement.scrollWidth}`);
  if (document.documentElement.lang !== "fr") faults.push("no language");
  if (document.querySelectorAll("h1").length !== 1) faults.push(`${document.querySelectorAll("h1").length} h1`);
  if (document.querySelectorAll("main").length !== 1) faults.push("no main");

  const levels = [...document.querySelectorAll("main h1, main h2, main h3, main h4, main h5, main h6")].filter((h) => !h.closest(".errors")).map((h) => Number(h.tagName[1]));
  levels.forEach((level, rank) => {
    if (rank && level > levels[rank - 1] + 1) faults.push(`h${levels[rank - 1]} then h${level}`);
  });

  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids.filter((id, rank) => ids.indexOf(id) !== rank))) faults.push(`id ${id} twice`);
  for (const link of document.querySelectorAll('a[href^="#"]')) {
    if (!document.getElementById(link.hash.slice(1))) faults.push(`${link.hash} leads nowhere`);
  }
  for (const element of document.querySelectorAll("[aria-describedby], [aria-labelledby]")) {
    const named = `${element.getAttribute("aria-describedby") || ""} ${element.getAttribute("aria-labelledby") || ""}`.trim();
    for (const id of named.split(/\s+/)) if (!document.getElementById(id)) faults.push(`${name(element)} names ${id}, which is not there`);
  }

  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (!field.labels.length) faults.push(`${name(field)} has no label`);
    if (field.disabled) faults.push(`${name(field)} is disabled`);
  }
  for (const button of document.querySelectorAll("button")) if (button.disabled) faults.push(`${name(button)} is disabled`);
  for (const image of document.querySelectorAll("img")) if (!image.alt) faults.push("a picture without text");
  for (const table of document.querySelectorAll("table")) {
    if (!table.caption && !table.ariaLabel) faults.push("a table without caption or name");
    for (const cell of table.querySelectorAll("th")) if (!cell.scope) faults.push(`${name(cell)} has no scope`);
  }

  for (const target of document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea, summary")) {
    if (!seen(target)) continue;
    const box = target.getBoundingClientRect();
    const isInText = target.tagName === "A" && getComputedStyle(target).display === "inline";
    if (!isInText && (box.height < 24 || box.width < 24) && !target.closest("label")) faults.push(`${name(target)} is ${Math.round(box.width)} by ${Math.round(box.height)}`);
  }

  // Contrast, WCAG 2.2, 1.4.3
  const parse = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  for (const element of document.querySelectorAll("body *")) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!hasText || !seen(element)) continue;
    const style = getComputedStyle(element);
    const [one, two] = [luminance(parse(style.color)), luminance(behind(element))].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if ((one + 0.05) / (two + 0.05) < (isLarge ? 3 : 4.5)) faults.push(`${name(element)}: contrast ${((one + 0.05) / (two + 0.05)).toFixed(2)}`);
  }
  return faults;
}
