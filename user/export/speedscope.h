/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile as speedscope's own file (speedscope 1.25.0, src/lib/file-format-spec.ts; the schema is
 * https://www.speedscope.app/file-format-schema.json): one profile of type "sampled".
 *
 * One, with the thread's name as outermost frame as in folded lines: speedscope shows one profile at a time, and who
 * opens a recording of a machine wants to see first which part of it matters. A profile for each name would hide that
 * behind a chooser of hundreds; a click on the outermost frame is the same view. Frames are those of the folded file,
 * by name, and so are the totals; weights are samples, of unit "none".
 *
 * A frame's file and line are those of its function, where it begins if that is known. Where functions of one name
 * differ in them they are left out. Stacks stand in the order of the tree, so that equal callers are side by side in
 * the view by time, too.
 */
#ifndef PROFOUND_SPEEDSCOPE_H
#define PROFOUND_SPEEDSCOPE_H

#include "export/exporter.h"

/* 0 or -ENOMEM. Errors of the stream are left in it. */
int speedscope_write(const struct export_view *view, FILE *stream);

#endif
