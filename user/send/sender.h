/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sends a profile to an endpoint: split into requests, one after the other, each tried again as retry.h says. The first
 * request that is refused for good ends it, since the others would fare no better; what was not accepted is told, so
 * that it can be kept.
 */
#ifndef PROFOUND_SENDER_H
#define PROFOUND_SENDER_H

#include <stdint.h>

#include "base/fault.h"
#include "send/endpoint.h"
#include "send/otlp_client.h"
#include "send/otlp_requests.h"

struct sender {
	const struct endpoint *endpoint;
	const struct export_view *view;
	otlp_encoder *encode; /* otlp_encode() */
	struct otlp_stop stop;
	/* Before the first wait for another try; NULL: nobody wants to know. */
	void (*waits)(void *context, const char *why);
	void *context;
};

struct sending {
	uint64_t sent; /* samples that were accepted */
	unsigned requests;
	int64_t rejected; /* profiles, of accepted requests */
	char note[OTLP_MESSAGE_MAX]; /* what the receiver said of accepted requests; "" */
	uint32_t *unsent; /* samples that were not accepted, as in struct otlp_samples */
	uint32_t n_unsent;
	uint64_t lost; /* by their counts */
};

/* 0; or a negative errno with a fault that says what, to whom, why and what to do. *sending is filled either way and to
 * be released. */
int sender_send(const struct sender *sender, struct sending *sending, struct fault *fault);
void sending_release(struct sending *sending);

#endif
