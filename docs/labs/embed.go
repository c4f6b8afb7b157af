// Package labs carries the labs' files into the program, so that they work where there is no checkout. What they are is
// told in README.md beside this file, what is done with them in the package lab.
package labs

import "embed"

// Files has a folder for each lab.
//
//go:embed */*
var Files embed.FS
