from app import theme
from app.theme.icon import application_icon


def test_the_icon_shows_the_accepted_and_the_rejected_part_in_every_size(qtbot):
    icon = application_icon()
    sizes = [size.width() for size in icon.availableSizes()]
    assert sizes == [16, 24, 32, 48, 64, 128, 256]
    picture = icon.pixmap(256, 256).toImage()
    colours = {picture.pixelColor(x, y).name().upper() for x in range(256) for y in range(256)}
    assert {theme.DARK.base, theme.DARK.accepted, theme.DARK.rejected} <= colours
    assert picture.pixelColor(0, 0).alpha() == 0
