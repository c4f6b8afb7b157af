package apiserver

import (
	"fmt"
	"reflect"
	"strings"
	"sync"

	"kubelite/api"
)

// deprecatedVolumes are sorts of volumes that nothing mounts any more, by their field, and what there is to say.
var deprecatedVolumes = map[string]string{
	"photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
	"gitRepo":              "deprecated in v1.11, and disabled by default in v1.33+",
	"scaleIO":              "deprecated in v1.16, non-functional in v1.22+",
	"flocker":              "deprecated in v1.22, non-functional in v1.25+",
	"storageos":            "deprecated in v1.22, non-functional in v1.25+",
	"quobyte":              "deprecated in v1.22, non-functional in v1.25+",
	"glusterfs":            "deprecated in v1.25, non-functional in v1.26+",
	"cephfs":               "deprecated in v1.28, non-functional in v1.31+",
	"rbd":                  "deprecated in v1.28, non-functional in v1.31+",
}

// deprecatedSources are the fields of a volume's source that are in deprecatedVolumes.
var deprecatedSources = sync.OnceValue(func() (sources []deprecatedSource) {
	source := reflect.TypeFor[api.VolumeSource]()
	for i := range source.NumField() {
		name, _, _ := strings.Cut(source.Field(i).Tag.Get("json"), ",")
		if why, ok := deprecatedVolumes[name]; ok {
			if name == "storageos" {
				name = "storageOS" // as upstream says it
			}
			sources = append(sources, deprecatedSource{i, name, why})
		}
	}
	return sources
})

type deprecatedSource struct {
	field     int
	name, why string
}

// volumes is about sorts of volumes that are no more, and files that would lie on each other.
func (w *podWarnings) volumes() {
	for i := range w.template.spec.Volumes {
		v, path := &w.template.spec.Volumes[i], w.spec.Child("volumes").Index(i)
		source := reflect.ValueOf(&v.VolumeSource).Elem()
		for _, deprecated := range deprecatedSources() {
			if !source.Field(deprecated.field).IsNil() {
				w.warn(path.Child(deprecated.name), "%s", deprecated.why)
			}
		}
		if v.Ephemeral != nil && v.Ephemeral.VolumeClaimTemplate != nil {
			w.list = append(w.list, warnClaimSpec(path.Child("ephemeral", "volumeClaimTemplate", "spec"), &v.Ephemeral.VolumeClaimTemplate.Spec)...)
		}
	}
	for i := range w.template.spec.Volumes {
		w.overlaps(&w.template.spec.Volumes[i])
	}
}

// warnClaimSpec is about amounts of less than a byte in a claim.
func warnClaimSpec(path api.Path, spec *api.PersistentVolumeClaimSpec) (warnings []string) {
	for _, list := range []struct {
		field   string
		amounts api.ResourceList
	}{{"requests", spec.Resources.Requests}, {"limits", spec.Resources.Limits}} {
		if q := list.amounts[api.ResourceStorage]; q.MilliValue()%1000 != 0 {
			warnings = append(warnings, fmt.Sprintf("%s: fractional byte value %q is invalid, must be an integer", path.Child("resources", list.field).Key("storage"), q))
		}
	}
	return warnings
}

// volumeFile is a file of a volume, and which of a projected volume's sources it is from.
type volumeFile struct{ path, source string }

func (f volumeFile) String() string {
	if f.source == "" {
		return fmt.Sprintf("%q", f.path)
	}
	return fmt.Sprintf("%q (%s)", f.path, f.source)
}

// covers tells whether two files are at the same place, or one where the other needs a directory.
func (f volumeFile) covers(other volumeFile) bool {
	return f.path != "" && other.path != "" &&
		(strings.HasPrefix(f.path+"/", other.path+"/") || strings.HasPrefix(other.path+"/", f.path+"/"))
}

// overlaps is about files of one volume at the same place: which one is seen there is a matter of luck.
func (w *podWarnings) overlaps(v *api.Volume) {
	var known []volumeFile
	look := func(what string, files []volumeFile) {
		for _, file := range files {
			file.path = strings.TrimRight(file.path, "/")
			for _, other := range known {
				if file.covers(other) {
					w.list = append(w.list, fmt.Sprintf("volume %q (%s): overlapping paths: %s with %s", v.Name, what, file, other))
				}
			}
			known = append(known, file)
		}
	}
	switch {
	case v.ConfigMap != nil:
		look(fmt.Sprintf("ConfigMap %q", v.ConfigMap.Name), keyFiles(v.ConfigMap.Items, ""))
	case v.Secret != nil:
		look(fmt.Sprintf("Secret %q", v.Secret.SecretName), keyFiles(v.Secret.Items, ""))
	case v.DownwardAPI != nil:
		look("DownwardAPI", downwardFiles(v.DownwardAPI.Items, ""))
	case v.Projected != nil:
		for i := range v.Projected.Sources {
			source := &v.Projected.Sources[i]
			if *source == (api.VolumeProjection{}) {
				w.list = append(w.list, fmt.Sprintf("volume %q (Projected) has no sources provided", v.Name))
				continue
			}
			look("Projected", projectedFiles(source))
		}
	}
}

func keyFiles(items []api.KeyToPath, source string) (files []volumeFile) {
	for _, item := range items {
		files = append(files, volumeFile{item.Path, source})
	}
	return files
}

func downwardFiles(items []api.DownwardAPIVolumeFile, source string) (files []volumeFile) {
	for i := range items {
		files = append(files, volumeFile{items[i].Path, source})
	}
	return files
}

func projectedFiles(p *api.VolumeProjection) (files []volumeFile) {
	switch {
	case p.ConfigMap != nil:
		return keyFiles(p.ConfigMap.Items, fmt.Sprintf("ConfigMap %q", p.ConfigMap.Name))
	case p.Secret != nil:
		return keyFiles(p.Secret.Items, fmt.Sprintf("Secret %q", p.Secret.Name))
	case p.DownwardAPI != nil:
		return downwardFiles(p.DownwardAPI.Items, "DownwardAPI")
	case p.ServiceAccountToken != nil:
		return []volumeFile{{p.ServiceAccountToken.Path, "ServiceAccountToken"}}
	case p.ClusterTrustBundle != nil:
		b := p.ClusterTrustBundle
		return []volumeFile{{b.Path, fmt.Sprintf("ClusterTrustBundle %q", api.Deref(b.Name, api.Deref(b.SignerName, "")))}}
	case p.PodCertificate != nil:
		for _, f := range []volumeFile{
			{p.PodCertificate.CertificateChainPath, "PodCertificate chain"}, {p.PodCertificate.KeyPath, "PodCertificate key"},
			{p.PodCertificate.CredentialBundlePath, "PodCertificate credential bundle"},
		} {
			if f.path != "" {
				files = append(files, f)
			}
		}
	}
	return files
}
