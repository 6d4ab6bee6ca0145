// The interface's version: the loader refuses a library built from other sources.

extern "C" __attribute__((visibility("default"))) int tailrace_native_version() { return 1; }
