// SPDX-License-Identifier: GPL-2.0-or-later
#include "send/curl_library.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};

static const struct symbol {
	const char *name;
	size_t offset;
} symbols[] = {
	{"curl_global_init", offsetof(struct curl_library, global_init)},
	{"curl_easy_init", offsetof(struct curl_library, easy_init)},
	{"curl_easy_setopt", offsetof(struct curl_library, easy_setopt)},
	{"curl_easy_perform", offsetof(struct curl_library, easy_perform)},
	{"curl_easy_getinfo", offsetof(struct curl_library, easy_getinfo)},
	{"curl_easy_cleanup", offsetof(struct curl_library, easy_cleanup)},
	{"curl_easy_strerror", offsetof(struct curl_library, easy_strerror)},
	{"curl_slist_append", offsetof(struct curl_library, slist_append)},
	{"curl_slist_free_all", offsetof(struct curl_library, slist_free_all)},
	{"curl_version_info", offsetof(struct curl_library, version_info)},
};

static bool find_symbols(struct curl_library *library)
{
	for (unsigned i = 0; i < sizeof(symbols) / sizeof(*symbols); i++) {
		void *found = dlsym(library->handle, symbols[i].name);

		if (!found)
			return false;
		*(void **)((char *)library + symbols[i].offset) = found;
	}
	return true;
}

int curl_library_load(struct curl_library *out, bool http2, struct fault *fault)
{
	struct curl_library library = {0};

	for (unsigned i = 0; !library.handle && i < sizeof(names) / sizeof(*names); i++)
		library.handle = dlopen(names[i], RTLD_LAZY | RTLD_LOCAL);
	if (!library.handle)
		return fault_set(fault, -ENOENT, "cannot load libcurl.so.4, which sends: install it (Debian: libcurl4)");
	if (!find_symbols(&library)) {
		curl_library_unload(&library);
		return fault_set(fault, -ENOENT, "this libcurl.so.4 lacks functions: install Debian's libcurl4");
	}
	if (http2 && !(library.version_info(CURLVERSION_NOW)->features & CURL_VERSION_HTTP2)) {
		curl_library_unload(&library);
		return fault_set(fault, -ENOTSUP, "this libcurl speaks no HTTP/2, which gRPC needs: install Debian's "
						  "libcurl4, or send by otlp+http");
	}
	*out = library;
	return 0;
}

void curl_library_unload(struct curl_library *library)
{
	if (library->handle)
		dlclose(library->handle);
	*library = (struct curl_library){0};
}

int curl_library_check(bool http2, struct fault *fault)
{
	struct curl_library library;
	int status = -1, err;
	pid_t child = fork();

	if (!child)
		_exit(curl_library_load(&library, http2, NULL) ? 1 : 0);
	if (child > 0 && waitpid(child, &status, 0) == child && status == 0)
		return 0;
	/* What is missing; or there was no child, and it is loaded here. */
	err = curl_library_load(&library, http2, fault);
	if (!err)
		curl_library_unload(&library);
	return err;
}
