/* SPDX-License-Identifier: GPL-2.0-or-later */

const ROW = 20, FONT = 12, LEAST = 0.5, ZOOM_MS = 180;

/* Hue, its spread by name, saturation and lightness, for the light and the dark page. */
const COLOURS = {
    root: [220, 0, 8, 84, 26], thread: [255, 8, 32, 80, 36], kernel: [210, 14, 62, 70, 36],
    native: [32, 16, 88, 66, 37], jit: [150, 14, 46, 62, 30], python: [95, 14, 52, 60, 30], unnamed: [220, 0, 5, 72, 36],
    truncated: [355, 5, 72, 74, 40],
};

function hashOf(text) {
    let hash = 2166136261;
    for (let i = 0; i < text.length; i++)
        hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
    return (hash >>> 8) / 16777216;
}

function colourOf(kind, name, dark) {
    const [hue, spread, saturation, light, darkLight] = COLOURS[kind] || COLOURS.native;
    const turn = hashOf(name) * 2 - 1, shade = hashOf(name + "~") * 2 - 1;
    const lightness = (dark ? darkLight : light) + shade * (dark ? 3 : 4);
    return `hsl(${hue + turn * spread} ${saturation * (dark ? 0.62 : 1)}% ${lightness}%)`;
}

/*
 * Draws the visible part of a model: rows between the scroll position and the bottom, columns between view.from and
 * view.to, rectangles of half a pixel and more. Children stand heaviest first, so the first one that is too thin ends
 * its row: it and all after it become one pale rectangle, which must not look like self time.
 */
class Graph {
    constructor(model, scroll, canvas, spacer) {
        Object.assign(this, {model, scroll, canvas, spacer});
        this.context = canvas.getContext("2d");
        this.view = {from: 0, to: model.sum || 1};
        this.target = this.view; /* where a movement ends */
        this.zoomed = 0;
        this.focus = -1;
        this.hover = -1;
        this.matches = null;
        this.onChange = () => {};
        this.setDark(false);
        spacer.style.height = "0px";
        new ResizeObserver(() => this.resize()).observe(scroll);
        scroll.addEventListener("scroll", () => this.redraw());
    }

    setDark(dark) {
        this.dark = dark;
        this.colours = new Array(this.model.frames);
        this.redraw();
    }

    resize() {
        const ratio = window.devicePixelRatio || 1;
        this.width = this.scroll.clientWidth;
        this.height = this.scroll.clientHeight;
        this.canvas.width = Math.max(1, Math.round(this.width * ratio));
        this.canvas.height = Math.max(1, Math.round(this.height * ratio));
        this.canvas.style.height = `${this.height}px`;
        const rows = (this.model.maxDepth + 1) * ROW + 8;
        this.spacer.style.height = `${Math.max(0, rows - this.height)}px`;
        this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
        this.context.font = `${FONT}px ${getComputedStyle(document.documentElement).getPropertyValue("--mono")}`;
        this.letter = this.context.measureText("mmmmmmmmmm").width / 10;
        this.draw();
    }

    redraw() {
        if (this.pending)
            return;
        this.pending = requestAnimationFrame(() => {
            this.pending = 0;
            this.draw();
        });
    }

    draw() {
        const {context, model, view} = this;
        if (!this.width || !model.sum)
            return;
        const scale = this.width / (view.to - view.from), top = this.scroll.scrollTop;
        const firstRow = Math.floor(top / ROW), lastRow = Math.ceil((top + this.height) / ROW);
        let i = 0;
        this.drawn = 0;
        context.clearRect(0, 0, this.width, this.height);
        context.textBaseline = "middle";
        while (i < model.count) {
            const depth = model.depth[i], x = (model.start[i] - view.from) * scale;
            const wide = model.total[i] * scale, y = depth * ROW - top;
            if (wide < LEAST) {
                i = this.drawRest(i, x, y, scale, depth >= firstRow);
                continue;
            }
            if (depth > lastRow || x > this.width || x + wide < 0) {
                i = model.end[i];
                continue;
            }
            if (depth >= firstRow)
                this.drawNode(i, x, y, wide);
            i++;
        }
        this.drawFrame(this.hover, scale, top, 1);
        this.drawFrame(this.focus, scale, top, 2);
    }

    /* From the first sibling that is too thin to the last; returns the node to go on with. */
    drawRest(i, x, y, scale, visible) {
        const {model, context} = this, parent = model.parent[i];
        const right = (model.start[parent] + model.total[parent] - model.self[parent] - this.view.from) * scale;
        if (visible && right - x >= LEAST && right > 0 && x < this.width) {
            const {before} = this.matches || {}, found = before && before[model.end[parent]] > before[i];
            context.fillStyle = found ? (this.dark ? "#6b2574" : "#f3c4fb") : this.dark ? "#343b46" : "#dce0e6";
            context.fillRect(x, y, right - x, ROW - 1);
        }
        return model.end[parent];
    }

    drawNode(i, x, y, wide) {
        const {context, model} = this, frame = model.frame[i];
        const left = Math.max(x, -1), right = Math.min(x + wide, this.width + 1);
        const matched = this.matches && this.matches.hit[frame];
        const above = model.end[this.zoomed] <= model.end[i] && i < this.zoomed;
        this.drawn++;
        if (!this.colours[frame])
            this.colours[frame] = colourOf(model.kind(i), model.name(i), this.dark);
        context.globalAlpha = above ? 0.45 : this.matches && !matched ? 0.4 : 1;
        context.fillStyle = matched ? (this.dark ? "#a21caf" : "#e879f9") : this.colours[frame];
        context.fillRect(left, y, right - left - (wide > 3 ? 1 : 0), ROW - 1);
        if (right - left > 24)
            this.drawText(model.name(i), left, y, right - left, matched);
        context.globalAlpha = 1;
    }

    drawText(name, left, y, wide, matched) {
        const {context} = this, fits = Math.floor((wide - 9) / this.letter);
        const text = name.length <= fits ? name : fits > 2 ? name.slice(0, fits - 1) + "…" : "";
        if (!text)
            return;
        context.globalAlpha = Math.max(context.globalAlpha, 0.62);
        context.fillStyle = this.dark ? (matched ? "#fff" : "#eef1f5") : "#14181d";
        /* Letters outside ASCII can be wider than the font's: they are squeezed, not let out. */
        context.fillText(text, left + 4, y + ROW / 2, wide - 8);
    }

    drawFrame(i, scale, top, thick) {
        if (i < 0)
            return;
        const {context, model} = this, x = (model.start[i] - this.view.from) * scale;
        const left = Math.max(x, 0), right = Math.min(x + model.total[i] * scale, this.width);
        if (right <= left)
            return;
        context.strokeStyle = this.dark ? "#ffffff" : "#0b1220";
        context.lineWidth = thick;
        context.strokeRect(left + thick / 2, model.depth[i] * ROW - top + thick / 2,
            Math.max(1, right - left - 1 - thick), ROW - 1 - thick);
    }

    /* The node under a place of the canvas; -1: none. */
    at(x, y) {
        const {model, view} = this, row = Math.floor((y + this.scroll.scrollTop) / ROW);
        const value = view.from + x / this.width * (view.to - view.from);
        const least = LEAST * (view.to - view.from) / this.width;
        let i = 0;
        while (i < model.count && model.depth[i] <= row && model.total[i] >= least) {
            if (value < model.start[i])
                return -1;
            if (value >= model.start[i] + model.total[i])
                i = model.end[i];
            else if (model.depth[i] === row)
                return i;
            else
                i++;
        }
        return -1;
    }

    visible(i) {
        const {model, view} = this, least = LEAST * (view.to - view.from) / this.width;
        return model.total[i] >= least && model.start[i] < view.to && model.start[i] + model.total[i] > view.from;
    }

    zoom(node) {
        const {model} = this;
        this.zoomed = node;
        this.moveTo(model.start[node], model.start[node] + model.total[node]);
        this.scroll.scrollTop = Math.max(0, (model.depth[node] - 3) * ROW);
        this.onChange();
    }

    moveTo(from, to) {
        const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
        const old = {...this.view}, began = performance.now();
        cancelAnimationFrame(this.moving);
        this.target = {from, to};
        const step = (now) => {
            const t = still ? 1 : Math.min(1, Math.max(0, now - began) / ZOOM_MS), eased = 1 - (1 - t) ** 3;
            this.view = {from: old.from + (from - old.from) * eased, to: old.to + (to - old.to) * eased};
            this.draw();
            if (t < 1)
                this.moving = requestAnimationFrame(step);
        };
        step(began);
        if (!still)
            this.moving = requestAnimationFrame(step);
    }

    /* Free zoom and move, within the root; the node that was zoomed stays the one that others are shown as above. */
    moveView(from, to) {
        const sum = this.model.sum, span = Math.min(sum, Math.max(to - from, Math.min(sum, 0.5)));
        cancelAnimationFrame(this.moving);
        from = Math.min(Math.max(0, from), sum - span);
        this.view = this.target = {from, to: from + span};
        this.zoomed = 0;
        this.redraw();
        this.onChange();
    }

    get whole() { return this.target.from <= 0 && this.target.to >= this.model.sum && !this.zoomed; }

    setFocus(node) {
        if (node < 0)
            return;
        const y = this.model.depth[node] * ROW, {scroll} = this;
        this.focus = node;
        if (y < scroll.scrollTop + ROW)
            scroll.scrollTop = Math.max(0, y - 2 * ROW);
        else if (y + 2 * ROW > scroll.scrollTop + this.height)
            scroll.scrollTop = y + 3 * ROW - this.height;
        this.redraw();
    }

    /* The neighbour in a direction that can be seen, or the node itself. */
    neighbour(node, direction) {
        const {model} = this;
        if (node < 0)
            return this.zoomed;
        if (direction === "up")
            return Math.max(0, model.parent[node]);
        if (direction === "down")
            return node + 1 < model.end[node] && this.visible(node + 1) ? node + 1 : node;
        return direction === "right" ? this.rightOf(node) : this.leftOf(node);
    }

    rightOf(node) {
        const {model} = this, depth = model.depth[node];
        for (let i = model.end[node]; i < model.count; ) {
            if (model.depth[i] === depth && this.visible(i))
                return i;
            i = model.depth[i] >= depth || !this.visible(i) ? model.end[i] : i + 1;
        }
        return node;
    }

    leftOf(node) {
        const {model} = this, depth = model.depth[node];
        for (let i = node - 1; i > 0; i--)
            if (model.depth[i] === depth && this.visible(i))
                return i;
        return node;
    }
}
