//go:build tools

// Package devserver pins the Temporal CLI that `src/dev-server.ts` builds when
// nothing else provides a server. The CLI cannot be `go install`ed, because its
// own go.mod holds a replace directive; a wrapper module can repeat it.
package devserver

import _ "github.com/temporalio/cli/cmd/temporal"
