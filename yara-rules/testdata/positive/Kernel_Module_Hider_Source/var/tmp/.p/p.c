#include <dlfcn.h>
static const char *process_to_filter = "x";
DECLARE_READDIR(dirent64, readdir64);
