/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libcurl (7.68 or later; curl.se/libcurl/c), loaded when something is sent: it and its TLS library are 6 MB of memory
 * and 6 ms that nobody else should pay for. Debian's OpenSSL build first, then the GnuTLS one.
 */
#ifndef PROFOUND_CURL_LIBRARY_H
#define PROFOUND_CURL_LIBRARY_H

#include <stdbool.h>

#include <curl/curl.h>

#include "base/fault.h"

struct curl_library {
	void *handle;
	CURLcode (*global_init)(long flags);
	CURL *(*easy_init)(void);
	CURLcode (*easy_setopt)(CURL *curl, CURLoption option, ...);
	CURLcode (*easy_perform)(CURL *curl);
	CURLcode (*easy_getinfo)(CURL *curl, CURLINFO info, ...);
	void (*easy_cleanup)(CURL *curl);
	const char *(*easy_strerror)(CURLcode code);
	struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
	void (*slist_free_all)(struct curl_slist *list);
	curl_version_info_data *(*version_info)(CURLversion age);
};

/* 0; -ENOENT with a fault that names the package; -ENOTSUP: it speaks no HTTP/2, which `http2` asks for. */
int curl_library_load(struct curl_library *library, bool http2, struct fault *fault);
void curl_library_unload(struct curl_library *library);

/* Whether it could be loaded, without the memory that unloading does not give back (2.7 MB): tried in a child. As
 * curl_library_load(). */
int curl_library_check(bool http2, struct fault *fault);

#endif
