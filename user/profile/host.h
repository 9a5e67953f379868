/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine that a profile is of: facts that its resources and its figures tell. */
#ifndef PROFOUND_HOST_H
#define PROFOUND_HOST_H

/* "": not known. */
struct host {
	char name[65];     /* as uname(2) says */
	char id[33];       /* /etc/machine-id, else /var/lib/dbus/machine-id (OpenTelemetry semantic conventions, host.id) */
	char arch[16];     /* amd64, arm64 (host.arch); else what uname(2) says */
	char version[65];  /* the kernel's release: what OpenTelemetry's SDKs for Java, Node and Python call os.version */
};

void host_read(struct host *host);

#endif
