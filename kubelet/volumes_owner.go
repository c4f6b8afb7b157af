package kubelet

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"kubelite/api"
)

// A pod whose fsGroup is set owns its volumes through that group: whoever its containers run as, they are members of
// it. What a volume's files get beside their own modes:
const (
	readWrite   fs.FileMode = 0o660
	readOnly    fs.FileMode = 0o440 // where containers may not write anyway: objects made into files
	directories fs.FileMode = 0o110 | fs.ModeSetgid
)

// fsGroup is the group that owns the pod's volumes, nil for none.
func fsGroup(pod *api.Pod) *int64 {
	if pod.Spec.SecurityContext == nil {
		return nil
	}
	return pod.Spec.SecurityContext.FSGroup
}

// giveToGroup gives a directory with all that is in it to a group.
func giveToGroup(dir string, group int64, mode fs.FileMode) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if err := permitted(os.Lchown(path, -1, int(group))); err != nil || info.Mode().Type() == fs.ModeSymlink {
			return err
		}
		mode := info.Mode() | mode
		if d.IsDir() {
			mode |= directories
		}
		return permitted(os.Chmod(path, mode))
	})
}

// inGroup tells whether a volume's directory is the group's already, with all the modes that it should have.
func inGroup(dir string, group int64, mode fs.FileMode) bool {
	info, err := os.Stat(dir)
	want := mode | directories
	return err == nil && groupOf(info) == group && info.Mode()&want == want
}

// setOwner gives a file to a user, nil for nobody else.
func setOwner(file string, user *int64) error {
	if user == nil {
		return nil
	}
	return permitted(os.Chown(file, int(*user), -1))
}

// permitted forgives a kubelet that is not root what it may not do: files stay its own, and their modes have to do.
func permitted(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

// onlyUser is the user that all of the pod's containers run as, nil if there are several or one is the image's.
func onlyUser(pod *api.Pod) (user *int64) {
	for _, list := range [][]api.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			runAs := runAsUser(pod, &list[i])
			if runAs == nil || user != nil && *user != *runAs {
				return nil
			}
			user = runAs
		}
	}
	return user
}

// runAsUser is the user that a container's spec says it runs as, nil if it does not say.
func runAsUser(pod *api.Pod, c *api.Container) *int64 {
	if c.SecurityContext != nil && c.SecurityContext.RunAsUser != nil {
		return c.SecurityContext.RunAsUser
	}
	if pod.Spec.SecurityContext != nil {
		return pod.Spec.SecurityContext.RunAsUser
	}
	return nil
}
