/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Field numbers of OTLP profiles: opentelemetry/proto/profiles/v1development/profiles.proto, common/v1/common.proto and
 * resource/v1/resource.proto of opentelemetry-proto 1.10.0 (unchanged in 1.11.0 and at ac2c4b5d1f3a, August 2026).
 */
#ifndef PROFOUND_OTLP_PROTO_H
#define PROFOUND_OTLP_PROTO_H

enum otlp_profiles_data_field { /* and ExportProfilesServiceRequest */
	DATA_RESOURCE_PROFILES = 1,
	DATA_DICTIONARY = 2,
};

enum otlp_profiles_dictionary_field {
	DICTIONARY_MAPPING = 1,
	DICTIONARY_LOCATION = 2,
	DICTIONARY_FUNCTION = 3,
	DICTIONARY_LINK = 4,
	DICTIONARY_STRING = 5,
	DICTIONARY_ATTRIBUTE = 6,
	DICTIONARY_STACK = 7,
};

enum otlp_resource_profiles_field {
	RESOURCE_PROFILES_RESOURCE = 1,
	RESOURCE_PROFILES_SCOPE_PROFILES = 2,
	RESOURCE_PROFILES_SCHEMA_URL = 3,
};

enum otlp_resource_field { RESOURCE_ATTRIBUTES = 1 };

enum otlp_key_value_field { KEY_VALUE_KEY = 1, KEY_VALUE_VALUE = 2, KEY_VALUE_KEY_STRINDEX = 3 };

enum otlp_any_value_field { /* a oneof */
	ANY_STRING = 1,
	ANY_BOOL = 2,
	ANY_INT = 3,
	ANY_DOUBLE = 4,
	ANY_STRING_STRINDEX = 8,
};

enum otlp_scope_profiles_field {
	SCOPE_PROFILES_SCOPE = 1,
	SCOPE_PROFILES_PROFILES = 2,
	SCOPE_PROFILES_SCHEMA_URL = 3,
};

enum otlp_scope_field { SCOPE_NAME = 1, SCOPE_VERSION = 2 };

enum otlp_profile_field {
	PROFILE_SAMPLE_TYPE = 1,
	PROFILE_SAMPLES = 2,
	PROFILE_TIME_UNIX_NANO = 3, /* fixed64 */
	PROFILE_DURATION_NANO = 4,
	PROFILE_PERIOD_TYPE = 5,
	PROFILE_PERIOD = 6,
	PROFILE_PROFILE_ID = 7,
	PROFILE_ATTRIBUTE_INDICES = 11,
};

enum otlp_value_type_field { VALUE_TYPE_TYPE = 1, VALUE_TYPE_UNIT = 2 };

enum otlp_sample_field {
	SAMPLE_STACK_INDEX = 1,
	SAMPLE_ATTRIBUTE_INDICES = 2,
	SAMPLE_LINK_INDEX = 3,
	SAMPLE_VALUES = 4,
	SAMPLE_TIMESTAMPS_UNIX_NANO = 5, /* fixed64 */
};

enum otlp_mapping_field {
	MAPPING_MEMORY_START = 1,
	MAPPING_MEMORY_LIMIT = 2,
	MAPPING_FILE_OFFSET = 3,
	MAPPING_FILENAME = 4,
	MAPPING_ATTRIBUTE_INDICES = 5,
};

enum otlp_stack_field { STACK_LOCATION_INDICES = 1 };

enum otlp_location_field {
	LOCATION_MAPPING_INDEX = 1,
	LOCATION_ADDRESS = 2,
	LOCATION_LINES = 3,
	LOCATION_ATTRIBUTE_INDICES = 4,
};

enum otlp_line_field { LINE_FUNCTION_INDEX = 1, LINE_LINE = 2, LINE_COLUMN = 3 };

enum otlp_function_field {
	FUNCTION_NAME = 1,
	FUNCTION_SYSTEM_NAME = 2,
	FUNCTION_FILENAME = 3,
	FUNCTION_START_LINE = 4,
};

enum otlp_key_value_and_unit_field { ATTRIBUTE_KEY = 1, ATTRIBUTE_VALUE = 2, ATTRIBUTE_UNIT = 3 };

#define OTLP_RECORDING_ID 8 /* bytes at the start of a profile_id of ours that are the recording's */

/* Keys: OpenTelemetry semantic conventions 1.37.0, as opentelemetry-ebpf-profiler names them (b442421a32cc, August
 * 2026, reporter/internal/pdata/generate.go), which gives this schema as well. */
#define OTLP_SCHEMA_URL "https://opentelemetry.io/schemas/1.37.0"
#define OTLP_BUILD_ID_GNU "process.executable.build_id.gnu"
#define OTLP_BUILD_ID_GO "process.executable.build_id.go"
#define OTLP_BUILD_ID_HTLHASH "process.executable.build_id.htlhash"
#define OTLP_FRAME_TYPE "profile.frame.type"
#define OTLP_THREAD_NAME "thread.name"
#define OTLP_THREAD_ID "thread.id" /* int, of a sample */
#define OTLP_PROCESS_PID "process.pid"
#define OTLP_UNVERIFIED "profound.unverified" /* ours: bool, of a sample */

#endif
