/* SPDX-License-Identifier: GPL-2.0-or-later */

const ROWS_SHOWN = 1000;
const byId = (id) => document.getElementById(id);

/* Names come from profiled processes: the DOM is only ever given text. */
function element(tag, text, name) {
    const made = document.createElement(tag);
    if (text !== undefined)
        made.textContent = text;
    if (name)
        made.className = name;
    return made;
}

const number = (value) => Math.round(value).toLocaleString("en-GB");

const lastPart = (path) => path.slice(path.lastIndexOf("/") + 1);

/* As the summary: 100 % and 0 % only where they are exact. */
function percent(part, whole) {
    if (!whole || !part)
        return "0 %";
    if (part === whole)
        return "100 %";
    const value = 100 * part / whole;
    return value < 0.1 ? "< 0.1 %" : `${Math.min(value, 99.9).toFixed(1)} %`;
}

async function unpack() {
    if (typeof DecompressionStream === "undefined")
        throw new Error("This browser is too old to unpack the profile (it lacks DecompressionStream: Chrome 80, " +
            "Firefox 113, Safari 16.4 have it). The summary above is complete without it.");
    const text = atob(byId("data").textContent), bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++)
        bytes[i] = text.charCodeAt(i);
    byId("data").remove();
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Model(JSON.parse(await new Response(stream).text()));
}

class Page {
    constructor(model) {
        this.model = model;
        this.unit = model.shown.unit;
        this.graph = new Graph(model, byId("scroll"), byId("canvas"), byId("spacer"));
        this.graph.onChange = () => { byId("reset").disabled = this.graph.whole; };
        this.sort = "self";
        this.showMeter();
        this.listenTheme();
        this.listenTools();
        this.listenPointer();
        document.addEventListener("keydown", (event) => this.key(event));
        this.describe(-1);
    }

    showMeter() {
        const {trust} = this.model, meter = byId("meter"), words = [];
        for (const part of ["complete", "unverified", "cut"]) {
            const bar = element("i", undefined, part);
            if (!(trust[part] > 0))
                continue;
            bar.style.flex = `${trust[part]} 0 0`;
            meter.append(bar);
            words.push(`${percent(trust[part], trust.taken)} of stacks ${part}`);
        }
        meter.title = words.join(" · ");
        meter.setAttribute("aria-label", meter.title);
        meter.hidden = !words.length;
    }

    showLegend() {
        const sums = this.model.selfByKind(), legend = byId("legend");
        const used = new Set(this.model.frameKind);
        legend.replaceChildren();
        this.model.kinds.forEach((kind, i) => {
            if (kind === "root" || !used.has(i))
                return;
            const item = element("li"), swatch = element("i");
            swatch.style.background = colourOf(kind, "", this.graph.dark);
            item.append(swatch, sums[i] ? `${kind} ${percent(sums[i], this.model.sum)}` : kind);
            item.title = `self time in ${kind} frames`;
            legend.append(item);
        });
    }

    listenTheme() {
        const system = window.matchMedia("(prefers-color-scheme: dark)"), root = document.documentElement;
        const set = (dark) => {
            root.dataset.theme = dark ? "dark" : "light";
            this.graph.setDark(dark);
            this.showLegend();
            if (!byId("list").hidden)
                this.showList();
        };
        let chosen = null;
        try {
            chosen = localStorage.getItem("profound-theme");
        } catch (error) {
            /* No storage for files in this browser: the choice lasts as long as the page. */
        }
        set(chosen ? chosen === "dark" : system.matches);
        system.addEventListener("change", () => chosen || set(system.matches));
        byId("theme").addEventListener("click", () => {
            chosen = this.graph.dark ? "light" : "dark";
            set(chosen === "dark");
            try {
                localStorage.setItem("profound-theme", chosen);
            } catch (error) {
                /* as above */
            }
        });
    }

    listenTools() {
        byId("search").addEventListener("input", (event) => {
            clearTimeout(this.typing);
            this.typing = setTimeout(() => this.search(event.target.value), 60);
        });
        byId("reset").addEventListener("click", () => this.graph.zoom(0));
        byId("tab-graph").addEventListener("click", () => this.show("graph"));
        byId("tab-list").addEventListener("click", () => this.show("list"));
        byId("help").addEventListener("click", () => this.toggleKeys());
        for (const button of document.querySelectorAll("[data-sort]"))
            button.addEventListener("click", () => {
                this.sort = button.dataset.sort;
                this.showList();
            });
    }

    toggleKeys(open = byId("keys").hidden) {
        byId("keys").hidden = !open;
        byId("help").setAttribute("aria-expanded", String(open));
    }

    show(which) {
        for (const name of ["graph", "list"]) {
            byId(name).hidden = name !== which;
            byId(`tab-${name}`).setAttribute("aria-selected", String(name === which));
        }
        byId("tip").hidden = true;
        if (which === "list")
            this.showList();
        else
            byId("canvas").focus({preventScroll: true});
    }

    search(query) {
        const matches = this.model.search(query), output = byId("matched");
        this.graph.matches = matches;
        output.textContent = matches ? `${percent(matches.samples, this.model.sum)} · ${number(matches.samples)} ` +
            `${this.unit} in ${number(matches.nodes)} frames${matches.literal ? " (as plain text)" : ""}` : "";
        this.graph.redraw();
        if (!byId("list").hidden)
            this.showList();
        return matches;
    }

    showList() {
        const {model} = this, matches = this.graph.matches;
        this.functions = this.functions || model.functions();
        const {self, total} = this.functions, by = this.functions[this.sort];
        const other = this.sort === "self" ? total : self, rows = [];
        for (let i = 0; i < model.frames; i++)
            if (i !== model.frame[0] && model.kinds[model.frameKind[i]] !== "thread" && (!matches || matches.hit[i]))
                rows.push(i);
        rows.sort((a, b) => by[b] - by[a] || other[b] - other[a]);
        byId("list-note").textContent = `${number(rows.length)} functions` +
            (matches ? " that match the search" : "") +
            (rows.length > ROWS_SHOWN ? `, the first ${number(ROWS_SHOWN)} shown` : "") +
            ". Self: on top of the stack. Total: anywhere in it, counted once a stack.";
        for (const head of document.querySelectorAll("th")) {
            const button = head.querySelector("button");
            if (button && button.dataset.sort === this.sort)
                head.setAttribute("aria-sort", "descending");
            else
                head.removeAttribute("aria-sort");
        }
        byId("rows").replaceChildren(...rows.slice(0, ROWS_SHOWN).map((i) => this.row(i, self[i], total[i])));
    }

    row(frame, self, total) {
        const {model} = this, row = element("tr"), name = model.names[model.frameName[frame]];
        const kind = model.kinds[model.frameKind[frame]], cell = element("td"), button = element("button", name);
        const share = (value) => {
            const made = element("td", percent(value, model.sum), "number bar");
            made.style.backgroundImage = `linear-gradient(${colourOf(kind, "", this.graph.dark)} 0 0)`;
            made.style.backgroundSize = `${model.sum ? 100 * value / model.sum : 0}% 76%`;
            return made;
        };
        button.title = "Show in the flame graph";
        button.addEventListener("click", () => {
            this.show("graph");
            this.setQuery(`^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`);
            this.next(1, 0);
        });
        cell.append(button);
        row.append(element("td", number(self), "number"), share(self), element("td", number(total), "number"),
            share(total), element("td", kind), cell);
        return row;
    }

    setQuery(query) {
        byId("search").value = query;
        clearTimeout(this.typing);
        return this.search(query);
    }

    /* What is said of a node, as elements; used by the tooltip and the status line. */
    describe(node) {
        const status = byId("status"), {model, graph} = this;
        status.replaceChildren();
        if (node < 0) {
            status.append(element("span", `${number(model.sum)} ${this.unit} · ${number(model.count - 1)} frames in ` +
                `the graph · click zooms, / searches, ? lists the keys`));
            return;
        }
        const zoomed = graph.zoomed ? ` · ${percent(model.total[node], model.total[graph.zoomed])} of the view` : "";
        const [line] = model.linesOf(node), source = line ? ` · ${line.file}:${line.line}` : "";
        status.append(element("b", model.name(node)), element("span", `  ${model.kind(node)} · ` +
            `${number(model.total[node])} ${this.unit} · ${percent(model.total[node], model.sum)} of all${zoomed} · ` +
            `self ${number(model.self[node])} (${percent(model.self[node], model.sum)})${source}`));
    }

    showTip(node, x, y) {
        const tip = byId("tip"), grid = element("div"), {model} = this;
        const line = (label, value) => grid.append(element("em", label), element("span", number(value)),
            element("span", percent(value, model.sum)));
        tip.hidden = node < 0;
        if (node < 0)
            return;
        line("total", model.total[node]);
        line("self", model.self[node]);
        tip.replaceChildren(element("b", model.name(node)), element("span", `  ${model.kind(node)}`), grid,
            ...this.linesTip(node));
        tip.style.left = `${Math.max(6, Math.min(x + 14, window.innerWidth - tip.offsetWidth - 6))}px`;
        const below = y + 18 + tip.offsetHeight < window.innerHeight;
        tip.style.top = `${below ? y + 18 : Math.max(6, y - 12 - tip.offsetHeight)}px`;
    }

    /* Where in its source a function was, wherever it stands in the graph. */
    linesTip(node) {
        const lines = this.model.linesOf(node), grid = element("div");
        if (!lines.length)
            return [];
        for (const {file, line, samples} of lines)
            grid.append(element("em", `${lastPart(file)}:${line}`), element("span", number(samples)),
                element("span", percent(samples, this.model.sum)));
        return [element("p", "lines, in all stacks"), grid];
    }

    hover(event) {
        const node = event ? this.graph.at(event.offsetX, event.offsetY) : -1;
        this.showTip(node, event ? event.clientX : 0, event ? event.clientY : 0);
        if (node === this.graph.hover)
            return;
        this.graph.hover = node;
        this.describe(node >= 0 ? node : this.graph.focus);
        this.graph.redraw();
    }

    listenPointer() {
        const canvas = byId("canvas"), {graph} = this;
        let drag = null;
        canvas.addEventListener("pointerdown", (event) => {
            drag = {x: event.offsetX, moved: false, view: {...graph.view}};
        });
        canvas.addEventListener("pointermove", (event) => {
            const far = drag && event.buttons ? event.offsetX - drag.x : 0;
            if (drag && (drag.moved || Math.abs(far) > 4) && event.buttons && !graph.whole) {
                const step = far * (drag.view.to - drag.view.from) / graph.width;
                drag.moved = true;
                graph.moveView(drag.view.from - step, drag.view.to - step);
            }
            this.hover(event);
        });
        canvas.addEventListener("pointerleave", () => this.hover(null));
        canvas.addEventListener("click", (event) => {
            const node = graph.at(event.offsetX, event.offsetY), moved = drag && drag.moved;
            drag = null;
            if (moved || node < 0)
                return;
            graph.focus = node;
            graph.zoom(node);
            this.hover(null);
            this.describe(node);
        });
        canvas.addEventListener("wheel", (event) => this.wheel(event), {passive: false});
    }

    wheel(event) {
        const {graph} = this, {from, to} = graph.view;
        const across = event.shiftKey && !event.deltaX ? event.deltaY : event.deltaX;
        if (event.ctrlKey || event.metaKey) {
            const at = from + event.offsetX / graph.width * (to - from);
            const factor = Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.006);
            graph.moveView(at - (at - from) * factor, at + (to - at) * factor);
        } else if (Math.abs(across) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
            const step = across * (to - from) / graph.width;
            graph.moveView(from + step, to + step);
        } else {
            return;
        }
        event.preventDefault();
    }

    focus(node) {
        this.graph.setFocus(node);
        this.describe(this.graph.focus);
    }

    /* The next node that matches, in preorder, round the end. */
    next(direction, from = Math.max(0, this.graph.focus)) {
        const {model, graph} = this;
        if (!graph.matches || !graph.matches.nodes)
            return;
        for (let k = 1; k <= model.count; k++) {
            const i = (from + direction * k + model.count * 2) % model.count;
            if (!graph.matches.hit[model.frame[i]])
                continue;
            if (!graph.visible(i))
                graph.zoom(i);
            this.focus(i);
            return;
        }
    }

    escape() {
        const search = byId("search");
        if (!byId("keys").hidden)
            this.toggleKeys(false);
        else if (search.value)
            this.setQuery("");
        else if (!this.graph.whole)
            this.graph.zoom(0);
        search.blur();
    }

    key(event) {
        if (event.key === "Escape")
            return this.escape();
        const typing = event.target === byId("search");
        if (typing && event.key === "Enter") {
            clearTimeout(this.typing);
            this.search(event.target.value);
            byId("canvas").focus({preventScroll: true});
            return this.next(1, 0);
        }
        const action = this.keys[event.key];
        if (typing || event.ctrlKey || event.metaKey || event.altKey || !action)
            return undefined;
        if (byId("graph").hidden && !"/?f".includes(event.key))
            return undefined;
        if (event.key === "Enter" && event.target.closest("button, summary"))
            return undefined;
        event.preventDefault();
        byId("tip").hidden = true;
        return action.call(this);
    }

    get keys() {
        const {graph, model} = this, go = (way) => () => this.focus(graph.neighbour(graph.focus, way));
        const zoom = (node) => { graph.zoom(node); this.focus(node); };
        return {
            ArrowUp: go("up"), ArrowDown: go("down"), ArrowLeft: go("left"), ArrowRight: go("right"),
            Enter: () => zoom(Math.max(0, graph.focus)),
            Backspace: () => zoom(Math.max(0, model.parent[graph.zoomed])),
            Home: () => zoom(0),
            "/": () => { byId("search").focus(); byId("search").select(); },
            "?": () => this.toggleKeys(),
            n: () => this.next(1), N: () => this.next(-1),
            f: () => this.show(byId("graph").hidden ? "graph" : "list"),
        };
    }
}

/* What tests hold on to. */
function testInterface(page) {
    const {model, graph} = page;
    return {
        total: model.sum,
        frameCount: model.frames,
        nodeCount: model.count,
        get zoomed() { return model.name(graph.zoomed); },
        get focused() { return graph.focus < 0 ? null : model.name(graph.focus); },
        get drawn() { return graph.drawn; },
        get view() { return {...graph.view}; },
        search: (query) => {
            const matches = page.setQuery(query);
            return matches && {samples: matches.samples, share: matches.share, nodes: matches.nodes};
        },
        zoomTo: (name) => {
            const node = model.find(name);
            if (node >= 0)
                graph.zoom(node);
            return node >= 0;
        },
        reset: () => graph.zoom(0),
        draw: () => graph.draw(),
        folded: () => model.folded(),
    };
}

/* Where the summary would leave no room for the graph, it is one click away. */
byId("about").open = window.innerWidth > 720 && window.innerHeight > 620;

window.profoundReady = unpack().then((model) => {
    byId("message").hidden = true;
    if (!model.sum) {
        byId("message").hidden = false;
        byId("message").textContent = "There is no sample in this profile.";
    }
    window.profound = testInterface(new Page(model));
}).catch((error) => {
    byId("message").textContent = error.message;
});
