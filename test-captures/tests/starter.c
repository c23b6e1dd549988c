/* starter.c
 * Put before Wireshark (LD_PRELOAD): a tshark that has started stops where it would read its settings, and from there on makes a child
 * for each run that it is asked for, as sharkd's daemon does. The child goes on as a tshark that was started with these words; four
 * fifths of what a short run costs are behind it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    REQUEST_MOST = 65536, /* bytes */
    OUTPUTS = 2,          /* standard output and error come with a request */
    CAPTURE_AT = 2        /* tshark -r CAPTURE: the word that stands for the capture, as long as a path may be */
};

void set_persconffile_dir(const char *path); /* Wireshark's, wsutil/filesystem.h */

/* The words that tshark was started with: as many as a run may have, and so long that its words fit in their memory. */
static int words_most;
static char **words;
static char *capture; /* tshark's copy of that word */

__attribute__((constructor)) static void
remember_words(int argc, char **argv, char **environment)
{
    (void)environment;
    words_most = argc;
    words = argv;
}

/* tshark takes the capture's name before it starts; it is told another one later. */
char *
g_strdup(const char *text)
{
    char *copy = text ? strdup(text) : NULL;

    if (text && words_most > CAPTURE_AT && text == words[CAPTURE_AT])
        capture = copy;
    return copy;
}

static int
asked_at(void)
{
    const char *number = getenv("SPISCOPE_STARTER");

    return number ? atoi(number) : -1;
}

/* Gives the length of the request, and the files for its outputs; 0 or less when there will be no more. */
static ssize_t
receive(int socket, char *request, int outputs[OUTPUTS])
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(OUTPUTS * sizeof(int))];
    } control;
    struct iovec text = {request, REQUEST_MOST};
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(socket, &message, 0);
    const struct cmsghdr *header = length > 0 ? CMSG_FIRSTHDR(&message) : NULL;

    if (!header || header->cmsg_len != CMSG_LEN(OUTPUTS * sizeof(int)))
        return 0;
    memcpy(outputs, CMSG_DATA(header), OUTPUTS * sizeof(int));
    return length;
}

static const char *
after(const char *word)
{
    return word + strlen(word) + 1;
}

/* A request is the folder of the settings, the capture, what goes into the environment, an empty word, then each word of a command line but
 * the program's name, each with a zero byte after it. The words go to where /proc/self/cmdline shows them. main() has counted how many
 * there are, so options that say what holds anyway fill up. */
static void
become(const char *request, ssize_t length)
{
    static char filler[] = "-us"; /* seconds as they are shown without it */
    char *memory = words[1], *end = words[words_most - 1] + strlen(words[words_most - 1]);
    const char *path = after(request), *word = after(path);
    int count = 0, place;

    set_persconffile_dir(request);
    setenv("WIRESHARK_CONFIG_DIR", request, 1);
    for (; *word != '\0'; word = after(word))
        putenv(strdup(word));
    word = after(word);
    ssize_t size = request + length - word;
    if (strlen(path) > strlen(capture) || size > end - memory)
        _exit(EXIT_FAILURE);
    strcpy(capture, path);
    memset(memory, 0, (size_t)(end - memory));
    memcpy(memory, word, (size_t)size);
    for (const char *p = memory; p < memory + size; p = after(p))
        count++;
    for (place = 1; place < words_most - count; place++)
        words[place] = filler;
    for (; place < words_most; place++, memory += strlen(memory) + 1)
        words[place] = memory;
}

/* Returns in each child; the process that was started ends here, at once if this tshark cannot be told of another capture. */
static void
serve(int socket)
{
    static char request[REQUEST_MOST];
    int outputs[OUTPUTS], status;
    ssize_t length;

    if (!capture || send(socket, &words_most, sizeof words_most, 0) < 0)
        _exit(EXIT_FAILURE);
    while ((length = receive(socket, request, outputs)) > 0) {
        pid_t child = fork();
        if (child == 0) {
            for (int i = 0; i < OUTPUTS; i++) {
                dup2(outputs[i], STDOUT_FILENO + i);
                close(outputs[i]);
            }
            close(socket);
            unsetenv("SPISCOPE_STARTER");
            become(request, length);
            return;
        }
        for (int i = 0; i < OUTPUTS; i++)
            close(outputs[i]);
        if (child < 0 || waitpid(child, &status, 0) < 0 || send(socket, &status, sizeof status, 0) < 0)
            break;
    }
    _exit(EXIT_SUCCESS);
}

void *
epan_load_settings(void)
{
    void *(*next)(void);
    int socket = asked_at();

    *(void **)&next = dlsym(RTLD_NEXT, "epan_load_settings");

    if (socket >= 0)
        serve(socket);
    return next();
}
