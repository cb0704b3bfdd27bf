#!/bin/sh
# Makes the namespace and its search attributes once the server is well, and ends only when the server answers for
# them: every part of the server learns of them on its own, some seconds later, and whoever comes too early is refused
# ("no mapping defined for search attribute"). Safe to run again.
# Environment: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, RETENTION (how long closed tasks stay to be read, such as 30d).
set -eu
PATIENCE_S=120

wait_until() {
  what=$1
  shift
  waited=0
  until "$@" >/dev/null 2>&1; do
    if [ "$waited" -ge "$PATIENCE_S" ]; then
      echo "Still not so after $PATIENCE_S s: $what. Look at the log of the server at $TEMPORAL_ADDRESS. The last try said:" >&2
      "$@" >&2 || exit 1
    fi
    waited=$((waited + 1))
    sleep 1
  done
}

wait_until "the server is healthy" temporal operator cluster health
if ! temporal operator namespace describe -n "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  temporal operator namespace create -n "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
fi
wait_until "the namespace $TEMPORAL_NAMESPACE is known" temporal workflow list -n "$TEMPORAL_NAMESPACE" --limit 1

temporal operator search-attribute create -n "$TEMPORAL_NAMESPACE" \
  --name OutliveState --type Keyword \
  --name OutliveReason --type Keyword \
  --name OutliveHost --type Keyword \
  --name OutliveOwner --type Keyword \
  --name OutliveIncident --type Keyword \
  --name OutliveRuns --type Int
wait_until "the search attributes are known" temporal workflow list -n "$TEMPORAL_NAMESPACE" --limit 1 \
  --query 'OutliveState = "" AND OutliveReason = "" AND OutliveHost = "" AND OutliveOwner = "" AND OutliveIncident = "" AND OutliveRuns = 0'
echo "The namespace $TEMPORAL_NAMESPACE is there, with Outlive's search attributes."
