#!/bin/bash -eu
# The project keeps the script, so that it changes together with the targets.
exec bash "$SRC/unreg/.clusterfuzzlite/build.sh"
