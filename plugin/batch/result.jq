# SPDX-License-Identifier: GPL-2.0-or-later
# What spiscope-batch keeps of one capture: tshark's JSON, or nothing where it wrote none, with the capture's name as it was given, tshark's
# exit status and complaints.
(input? // {})
| if .capture then .capture.file = $file else . end
| .batch = { file: $file, key: $key, status: $status, errors: ($errors | rtrimstr("\n")) }
