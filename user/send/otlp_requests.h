/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile as export requests that every receiver takes: at most 16,000 samples each (Pyroscope 1.12 and later) and
 * less than 4 MiB before compression (a Collector's limit for gRPC, Pyroscope's for a profile), each with a dictionary
 * of its own. Samples go in the order of their resources, so that few requests hold the same one.
 */
#ifndef PROFOUND_OTLP_REQUESTS_H
#define PROFOUND_OTLP_REQUESTS_H

#include <stdint.h>

#include "export/exporter.h"
#include "export/otlp.h"
#include "base/wire.h"

#define OTLP_REQUEST_SAMPLES 16000
#define OTLP_REQUEST_BYTES ((4 << 20) - (64 << 10)) /* what a receiver adds while it counts has room, too */

typedef int otlp_encoder(const struct export_view *view, struct otlp_samples samples, struct wire *out);

struct otlp_requests {
	const struct export_view *view;
	otlp_encoder *encode;
	uint32_t *order; /* of samples */
	uint32_t count, next;
	uint32_t step;   /* samples that the next request is tried with */
	struct wire wire;
};

struct otlp_request {
	const uint8_t *data; /* good until the next call */
	size_t len;
	struct otlp_samples samples;
};

/* Borrows the view. 0 or -ENOMEM. */
int otlp_requests_init(struct otlp_requests *requests, const struct export_view *view, otlp_encoder *encode);
void otlp_requests_release(struct otlp_requests *requests);

/* 1 and the next request; 0: there is none left; -E2BIG: the next sample is too large for any, and is passed over;
 * -ENOMEM. */
int otlp_requests_next(struct otlp_requests *requests, struct otlp_request *request);

#endif
