/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the flame graph page, embedded as they stand (flamegraph.c puts them together). */
.macro embed name, path
	.globl \name
	.globl \name\()_end
\name:
	.incbin "\path"
\name\()_end:
	.byte 0
.endm

	.section .rodata
	embed page_html, "export/page/page.html"
	embed page_css, "export/page/page.css"
	embed page_model_js, "export/page/model.js"
	embed page_graph_js, "export/page/graph.js"
	embed page_page_js, "export/page/page.js"

	.section .note.GNU-stack, "", %progbits
