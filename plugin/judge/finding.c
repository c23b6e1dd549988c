/* finding.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "finding.h"

const struct finding_kind *
finding_kind(uint8_t key)
{
    static const struct finding_kind kinds[FINDING_KEYS] = {
#define X(identifier, key, family, severity, group, title) { key, title, FAMILY_##family, SEVERITY_##severity },
        SPISCOPE_FINDINGS(X)
#undef X
    };

    return &kinds[key];
}

const char *
severity_name(enum severity severity)
{
    static const char *const names[SEVERITIES] = { "chat", "note", "warning", "error" };

    return names[severity];
}

const char *
confidence_name(uint8_t confidence)
{
    switch (confidence) {
    case CONFIDENCE_PROVEN:
        return "proven";
    case CONFIDENCE_INFERRED:
        return "inferred";
    default:
        return "suspected";
    }
}
