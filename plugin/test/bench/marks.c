/* marks.c
 * Put before Wireshark (LD_PRELOAD) while valgrind counts instructions: when so many packets were read as SPISCOPE_MARKS says, a child
 * is made that ends at once. valgrind tells of each process what it had counted, so one run gives the count at each mark.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Six arguments in Wireshark 4.0 and 4.4, five later: one more than a function reads does no harm where arguments are in registers. */
typedef int (*read_packet)(void *, void *, void *, void *, void *, void *);

static void
mark(void)
{
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    if (child > 0)
        waitpid(child, NULL, 0);
}

/* SPISCOPE_MARKS: numbers that grow, with a comma after each. */
int
wtap_read(void *file, void *record, void *buffer, void *error, void *error_info, void *offset)
{
    static read_packet next;
    static const char *marks;
    static unsigned long packets;
    char *end;

    if (!next) {
        *(void **)&next = dlsym(RTLD_NEXT, "wtap_read");
        marks = getenv("SPISCOPE_MARKS");
    }
    if (marks && *marks && strtoul(marks, &end, 10) == packets) {
        marks = end + 1;
        mark();
    }
    packets++;
    return next(file, record, buffer, error, error_info, offset);
}
