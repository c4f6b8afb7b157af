module kubelite

go 1.26
