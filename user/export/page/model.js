/* SPDX-License-Identifier: GPL-2.0-or-later */
"use strict";

/*
 * The profile in typed arrays, nodes in preorder. start/total are in the unit of the shown series and count from the
 * root's left edge: a rectangle is (start - view.from) * scale wide at any zoom, with nothing to lay out again.
 */
class Model {
    constructor(data) {
        const n = data.tree.up.length;
        this.names = data.strings;
        this.kinds = data.kinds;
        this.frameName = Uint32Array.from(data.frames.name);
        this.frameKind = Uint8Array.from(data.frames.kind);
        this.frame = Uint32Array.from(data.tree.frame);
        this.lines = this.linesByFrame(data.lines);
        this.series = data.series;
        this.trust = data.trust;
        this.count = n;
        this.frames = this.frameName.length;
        this.depth = new Uint32Array(n);
        this.parent = new Int32Array(n);
        this.end = new Uint32Array(n);
        this.total = new Float64Array(n);
        this.start = new Float64Array(n);
        this.layOut(data.tree.up);
        this.show(0);
    }

    /* frame: its heaviest source lines, heaviest first. */
    linesByFrame({frame, file, line, samples}) {
        const lines = new Map();
        frame.forEach((of, i) => {
            if (!lines.has(of))
                lines.set(of, []);
            lines.get(of).push({file: this.names[file[i]], line: line[i], samples: samples[i]});
        });
        return lines;
    }

    layOut(up) {
        const path = [0];
        this.parent[0] = -1;
        this.maxDepth = 0;
        for (let i = 1; i < this.count; i++) {
            const depth = this.depth[i - 1] + 1 - up[i];
            this.depth[i] = depth;
            this.parent[i] = path[depth - 1];
            path[depth] = i;
            if (depth > this.maxDepth)
                this.maxDepth = depth;
        }
        for (let i = this.count - 1; i >= 0; i--) {
            this.end[i] = this.end[i] || i + 1;
            if (i && !this.end[this.parent[i]])
                this.end[this.parent[i]] = this.end[i];
        }
    }

    /* Makes one of the series the one that is drawn. */
    show(which) {
        const {parent, total, start} = this;
        const next = new Float64Array(this.count);
        this.shown = this.series[which];
        this.self = Float64Array.from(this.shown.self);
        total.set(this.self);
        for (let i = this.count - 1; i > 0; i--)
            total[parent[i]] += total[i];
        for (let i = 1; i < this.count; i++) {
            start[i] = next[parent[i]];
            next[parent[i]] += total[i];
            next[i] = start[i];
        }
        this.sum = total[0];
    }

    name(node) { return this.names[this.frameName[this.frame[node]]]; }
    linesOf(node) { return this.lines.get(this.frame[node]) || []; }
    kind(node) { return this.kinds[this.frameKind[this.frame[node]]]; }

    /* Literal text where the expression does not parse. The root is not searched. */
    static expression(query) {
        try {
            return {regex: new RegExp(query, "i"), literal: false};
        } catch (error) {
            return {regex: new RegExp(query.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "i"), literal: true};
        }
    }

    /* Which frames match, and the samples of all stacks with one: below a match nothing is counted again. */
    search(query) {
        if (!query)
            return null;
        const {regex, literal} = Model.expression(query);
        const byName = this.names.map((name) => regex.test(name) ? 1 : 0);
        const hit = Uint8Array.from(this.frameName, (name) => byName[name]);
        const root = this.frame[0];
        const before = new Uint32Array(this.count + 1); /* matched nodes that come earlier */
        let samples = 0, i = 1;
        hit[root] = 0;
        for (let k = 0; k < this.count; k++)
            before[k + 1] = before[k] + hit[this.frame[k]];
        while (i < this.count) {
            const matched = hit[this.frame[i]];
            samples += matched ? this.total[i] : 0;
            i = matched ? this.end[i] : i + 1;
        }
        return {hit, before, samples, nodes: before[this.count], literal, share: this.sum ? samples / this.sum : 0};
    }

    /* Self and total by frame; a function that calls itself counts once in a stack. */
    functions() {
        const self = new Float64Array(this.frames), total = new Float64Array(this.frames);
        const open = new Uint32Array(this.frames), path = [];
        for (let i = 1; i < this.count; i++) {
            while (path.length && this.end[path[path.length - 1]] <= i)
                open[this.frame[path.pop()]]--;
            const frame = this.frame[i];
            self[frame] += this.self[i];
            if (!open[frame]++)
                total[frame] += this.total[i];
            path.push(i);
        }
        return {self, total};
    }

    /* Self by kind, in the order of `kinds`. */
    selfByKind() {
        const sums = new Float64Array(this.kinds.length);
        for (let i = 0; i < this.count; i++)
            sums[this.frameKind[this.frame[i]]] += this.self[i];
        return sums;
    }

    /* The heaviest node of this name, or -1. */
    find(name) {
        let best = -1;
        for (let i = 0; i < this.count; i++)
            if (this.name(i) === name && (best < 0 || this.total[i] > this.total[best]))
                best = i;
        return best;
    }

    folded() {
        const lines = new Map(), path = [];
        for (let i = 1; i < this.count; i++) {
            path.length = this.depth[i] - 1;
            path.push(this.name(i));
            if (!this.self[i])
                continue;
            const line = path.join(";");
            lines.set(line, (lines.get(line) || 0) + this.self[i]);
        }
        return Array.from(lines, ([line, count]) => `${line} ${count}\n`).sort().join("");
    }
}
