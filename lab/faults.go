package lab

import (
	"context"
)

func beginStale(context.Context, *trial) error   { return nil }
func beginMissed(context.Context, *trial) error  { return nil }
func beginCrashes(context.Context, *trial) error { return nil }
