// SPDX-License-Identifier: GPL-2.0
/*
 * cc613_bridge - an I2C adapter and an SPI controller whose chips are a process in user space.
 *
 * Test equipment for the kernel lane; never part of anything that ships.
 *
 * A process opens /dev/cc613-bridge, reads one request per read(2) and answers each with one write(2).
 * All integers have the byte order of the machine.
 *
 *   request: struct bridge_request, then `length` bytes
 *     I2C: `parts` messages, each struct bridge_message followed by its bytes if it is a write
 *     SPI: one frame, that is everything clocked out while chip select stays active
 *   answer:  struct bridge_answer, then
 *     I2C: the bytes of all read messages, one after another
 *     SPI: as many bytes as the frame has
 *
 * A negative status in the answer is what the caller of the bus sees. Without a process at the other end a transfer fails as on a bus
 * without chips (-ENXIO); with one that does not answer in time, as on a bus that is stuck (-ETIMEDOUT). An answer that comes after that
 * is refused with -ESTALE: it never reaches a later transfer.
 */
#include <linux/i2c.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/spi/spi.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#define BRIDGE_ROOM	(256 * 1024)

enum bridge_kind { BRIDGE_I2C = 1, BRIDGE_SPI = 2 };

struct bridge_request {
	u32 serial;		/* repeated in the answer */
	u16 kind;
	u16 parts;		/* I2C: number of messages */
	u32 hertz;		/* SPI: clock */
	u16 mode;		/* SPI: SPI_MODE_x and flags */
	u8 select;		/* SPI: chip select number */
	u8 bits;		/* SPI: bits per word */
	u32 length;
} __packed;

struct bridge_message {
	u16 address;
	u16 flags;
	u16 length;
} __packed;

struct bridge_answer {
	u32 serial;
	s32 status;
} __packed;

static uint timeout_ms = 1000;
module_param(timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "how long a transfer waits for its answer");

static uint chip_selects = 2;
module_param(chip_selects, uint, 0444);
MODULE_PARM_DESC(chip_selects, "how many SPI chip selects get a spidev node");

static char *kernel_chips[8];
static int kernel_chip_count;
module_param_array(kernel_chips, charp, &kernel_chip_count, 0444);
MODULE_PARM_DESC(kernel_chips, "names of chips at the SPI chip selects after those, for the kernel's own drivers");

static struct {
	struct mutex wire;		/* held for a whole transfer: the bus has one user at a time */
	struct mutex lock;		/* held for a moment: everything below */
	enum { IDLE, POSTED, TAKEN, ANSWERED } state;
	bool attached;
	u32 serial;
	u8 *out;			/* request with its body */
	size_t out_size;
	u8 *in;				/* answer with its body */
	size_t in_size;
} bridge;
static DECLARE_WAIT_QUEUE_HEAD(posted);
static DECLARE_WAIT_QUEUE_HEAD(answered);
static struct platform_device *platform;
static struct spi_controller *controller;

/* The calls from here to exchange() are made with bridge.wire held. */

static void begin(enum bridge_kind kind)
{
	struct bridge_request *request = (struct bridge_request *)bridge.out;

	memset(request, 0, sizeof(*request));
	request->kind = kind;
	bridge.out_size = sizeof(*request);
}

static int append(const void *bytes, size_t size)
{
	if (bridge.out_size + size > BRIDGE_ROOM)
		return -EMSGSIZE;
	if (bytes)
		memcpy(bridge.out + bridge.out_size, bytes, size);
	else
		memset(bridge.out + bridge.out_size, 0, size);
	bridge.out_size += size;
	return 0;
}

/* Post the request, wait for the answer; its body is then at bridge.in + sizeof(struct bridge_answer) and holds at least `want` bytes. */
static int exchange(size_t want)
{
	struct bridge_request *request = (struct bridge_request *)bridge.out;
	int result;

	mutex_lock(&bridge.lock);
	if (!bridge.attached) {
		mutex_unlock(&bridge.lock);
		return -ENXIO;
	}
	request->serial = ++bridge.serial;
	request->length = bridge.out_size - sizeof(*request);
	bridge.state = POSTED;
	mutex_unlock(&bridge.lock);
	wake_up_interruptible(&posted);

	wait_event_timeout(answered, READ_ONCE(bridge.state) == ANSWERED || !READ_ONCE(bridge.attached), msecs_to_jiffies(timeout_ms));

	mutex_lock(&bridge.lock);
	if (bridge.state == ANSWERED) {
		result = ((struct bridge_answer *)bridge.in)->status;
		if (result > 0)
			result = -EPROTO;
		else if (!result && bridge.in_size < sizeof(struct bridge_answer) + want)
			result = -EPROTO;
	} else {
		result = bridge.attached ? -ETIMEDOUT : -ENXIO;
	}
	bridge.state = IDLE;
	mutex_unlock(&bridge.lock);
	return result;
}

/* ---- I2C ---- */

static int bridge_i2c_transfer(struct i2c_adapter *adapter, struct i2c_msg *messages, int count)
{
	size_t want = 0, at = sizeof(struct bridge_answer);
	int i, result = 0;

	mutex_lock(&bridge.wire);
	begin(BRIDGE_I2C);
	((struct bridge_request *)bridge.out)->parts = count;
	for (i = 0; i < count && !result; i++) {
		struct bridge_message head = { messages[i].addr, messages[i].flags, messages[i].len };

		if (messages[i].flags & I2C_M_RECV_LEN)
			result = -EOPNOTSUPP;
		else
			result = append(&head, sizeof(head));
		if (messages[i].flags & I2C_M_RD)
			want += messages[i].len;
		else if (!result)
			result = append(messages[i].buf, messages[i].len);
	}
	if (!result)
		result = exchange(want);
	for (i = 0; i < count && !result; i++) {
		if (!(messages[i].flags & I2C_M_RD))
			continue;
		memcpy(messages[i].buf, bridge.in + at, messages[i].len);
		at += messages[i].len;
	}
	mutex_unlock(&bridge.wire);
	return result ?: count;
}

static u32 bridge_i2c_functionality(struct i2c_adapter *adapter)
{
	return I2C_FUNC_I2C | I2C_FUNC_SMBUS_EMUL;
}

static const struct i2c_algorithm bridge_i2c_algorithm = {
	.master_xfer = bridge_i2c_transfer,
	.functionality = bridge_i2c_functionality,
};

static struct i2c_adapter adapter = {
	.owner = THIS_MODULE,
	.name = "cc613-bridge",
	.algo = &bridge_i2c_algorithm,
};

/* ---- SPI ---- */

/* Clock the transfers from `first` to `last` as one frame. */
static int bridge_spi_frame(struct spi_device *device, struct spi_message *message, struct spi_transfer *first, struct spi_transfer *last)
{
	struct bridge_request *request = (struct bridge_request *)bridge.out;
	struct spi_transfer *transfer;
	size_t length = 0, at = sizeof(struct bridge_answer);
	int result;

	begin(BRIDGE_SPI);
	request->hertz = first->speed_hz;
	request->mode = device->mode;
	request->select = device->chip_select;
	request->bits = first->bits_per_word;
	for (transfer = first;; transfer = list_next_entry(transfer, transfer_list)) {
		result = append(transfer->tx_buf, transfer->len);
		if (result)
			return result;
		length += transfer->len;
		if (transfer == last)
			break;
	}
	result = exchange(length);
	if (result)
		return result;
	for (transfer = first;; transfer = list_next_entry(transfer, transfer_list)) {
		if (transfer->rx_buf)
			memcpy(transfer->rx_buf, bridge.in + at, transfer->len);
		at += transfer->len;
		if (transfer == last)
			break;
	}
	message->actual_length += length;
	return 0;
}

static int bridge_spi_message(struct spi_controller *spi, struct spi_message *message)
{
	struct spi_transfer *transfer, *first = NULL;
	int result = 0;

	mutex_lock(&bridge.wire);
	list_for_each_entry(transfer, &message->transfers, transfer_list) {
		if (!first)
			first = transfer;
		if (!transfer->cs_change && !list_is_last(&transfer->transfer_list, &message->transfers))
			continue;
		result = bridge_spi_frame(message->spi, message, first, transfer);
		if (result)
			break;
		first = NULL;
	}
	mutex_unlock(&bridge.wire);
	message->status = result;	/* what the caller sees; a return value would only be logged */
	spi_finalize_current_message(spi);
	return 0;
}

/* ---- the process at the other end ---- */

static int bridge_open(struct inode *inode, struct file *file)
{
	int result = 0;

	mutex_lock(&bridge.lock);
	if (bridge.attached)
		result = -EBUSY;
	else
		bridge.attached = true;
	mutex_unlock(&bridge.lock);
	return result;
}

static int bridge_release(struct inode *inode, struct file *file)
{
	mutex_lock(&bridge.lock);
	bridge.attached = false;
	mutex_unlock(&bridge.lock);
	wake_up(&answered);
	return 0;
}

static ssize_t bridge_read(struct file *file, char __user *buffer, size_t room, loff_t *offset)
{
	ssize_t result;

	for (;;) {
		mutex_lock(&bridge.lock);
		if (bridge.state == POSTED)
			break;
		mutex_unlock(&bridge.lock);
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		result = wait_event_interruptible(posted, READ_ONCE(bridge.state) == POSTED);
		if (result)
			return result;
	}
	if (room < bridge.out_size) {
		result = -EMSGSIZE;
	} else if (copy_to_user(buffer, bridge.out, bridge.out_size)) {
		result = -EFAULT;
	} else {
		bridge.state = TAKEN;
		result = bridge.out_size;
	}
	mutex_unlock(&bridge.lock);
	return result;
}

static ssize_t bridge_write(struct file *file, const char __user *buffer, size_t size, loff_t *offset)
{
	struct bridge_answer head;
	ssize_t result = size;

	if (size < sizeof(head))
		return -EINVAL;
	if (size > BRIDGE_ROOM)
		return -EMSGSIZE;
	if (copy_from_user(&head, buffer, sizeof(head)))
		return -EFAULT;
	mutex_lock(&bridge.lock);
	if (bridge.state != TAKEN || head.serial != bridge.serial) {
		result = -ESTALE;
	} else if (copy_from_user(bridge.in, buffer, size)) {
		result = -EFAULT;
	} else {
		bridge.in_size = size;
		bridge.state = ANSWERED;
	}
	mutex_unlock(&bridge.lock);
	if (result > 0)
		wake_up(&answered);
	return result;
}

static __poll_t bridge_poll(struct file *file, poll_table *table)
{
	poll_wait(file, &posted, table);
	return READ_ONCE(bridge.state) == POSTED ? EPOLLIN | EPOLLOUT : EPOLLOUT;
}

static const struct file_operations bridge_file = {
	.owner = THIS_MODULE,
	.open = bridge_open,
	.release = bridge_release,
	.read = bridge_read,
	.write = bridge_write,
	.poll = bridge_poll,
	.llseek = noop_llseek,
};

static struct miscdevice bridge_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "cc613-bridge",
	.fops = &bridge_file,
	.mode = 0600,
};

/* ---- coming and going ---- */

static int add_spi(void)
{
	/* spidev binds only to names in its own list; this is one of them, and no such chip is meant */
	struct spi_board_info info = { .modalias = "dh2228fv", .max_speed_hz = 10000000 };
	int result;

	controller = spi_alloc_master(&platform->dev, 0);
	if (!controller)
		return -ENOMEM;
	controller->bus_num = -1;
	controller->num_chipselect = chip_selects + kernel_chip_count;
	controller->mode_bits = SPI_MODE_X_MASK | SPI_CS_HIGH | SPI_LSB_FIRST | SPI_NO_CS;
	controller->bits_per_word_mask = SPI_BPW_MASK(8) | SPI_BPW_MASK(16) | SPI_BPW_MASK(32);
	controller->transfer_one_message = bridge_spi_message;
	result = spi_register_controller(controller);
	if (result) {
		spi_controller_put(controller);
		return result;
	}
	for (info.chip_select = 0; info.chip_select < chip_selects; info.chip_select++) {
		if (!spi_new_device(controller, &info)) {
			spi_unregister_controller(controller);
			return -ENODEV;
		}
	}
	/* nobody answers yet, so their drivers find nothing; a test binds them when it has put a chip there */
	for (; info.chip_select < chip_selects + kernel_chip_count; info.chip_select++) {
		strscpy(info.modalias, kernel_chips[info.chip_select - chip_selects], sizeof(info.modalias));
		if (!spi_new_device(controller, &info)) {
			spi_unregister_controller(controller);
			return -ENODEV;
		}
	}
	return 0;
}

static int __init bridge_init(void)
{
	int result = -ENOMEM;

	mutex_init(&bridge.wire);
	mutex_init(&bridge.lock);
	bridge.out = vmalloc(BRIDGE_ROOM);
	bridge.in = vmalloc(BRIDGE_ROOM);
	if (!bridge.out || !bridge.in)
		goto no_room;
	platform = platform_device_register_simple("cc613-bridge", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(platform)) {
		result = PTR_ERR(platform);
		goto no_room;
	}
	adapter.dev.parent = &platform->dev;
	result = i2c_add_adapter(&adapter);
	if (result)
		goto no_i2c;
	result = add_spi();
	if (result)
		goto no_spi;
	result = misc_register(&bridge_device);
	if (!result)
		return 0;
	spi_unregister_controller(controller);
no_spi:
	i2c_del_adapter(&adapter);
no_i2c:
	platform_device_unregister(platform);
no_room:
	vfree(bridge.in);
	vfree(bridge.out);
	return result;
}

static void __exit bridge_exit(void)
{
	misc_deregister(&bridge_device);
	spi_unregister_controller(controller);
	i2c_del_adapter(&adapter);
	platform_device_unregister(platform);
	vfree(bridge.in);
	vfree(bridge.out);
}

module_init(bridge_init);
module_exit(bridge_exit);
MODULE_DESCRIPTION("I2C and SPI chips simulated in user space");
MODULE_LICENSE("GPL");
